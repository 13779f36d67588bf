"""What a step can do: an action a file."""
