"""The steps from one released schema to the next, oldest first. A step never changes once released."""
