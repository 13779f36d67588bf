"""The demo's own loopback network: it listens, it never connects."""
