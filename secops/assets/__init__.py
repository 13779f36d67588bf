"""What is known from what was seen and decided. Pure: no store, no clock, no network."""
