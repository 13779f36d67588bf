"""The door for people at a terminal: a file a noun."""
