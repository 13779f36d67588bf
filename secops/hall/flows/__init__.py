"""A flow a file: each a generator of `core.events`. Flows never print."""
