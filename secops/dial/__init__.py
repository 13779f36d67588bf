"""The only sockets and raw packets to targets, every one of them under a lease of the Gate."""
