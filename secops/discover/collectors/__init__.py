"""Collectors: a protocol a file, sans-io, dispatched by port and by greeting."""
