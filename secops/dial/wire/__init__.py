"""The raw-packet engine: finds open ports with SYN probes made and checked a batch at a time."""
