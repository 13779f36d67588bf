"""Builds things and joins rooms."""
