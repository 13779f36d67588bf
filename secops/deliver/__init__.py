"""Alerts to sinks and reports to files: what leaves the house, and how it is known to have arrived."""
