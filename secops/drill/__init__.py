"""Exercises: playbooks, the engine that runs them, and the actions they may take."""
