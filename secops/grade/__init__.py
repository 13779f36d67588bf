"""Rules and what they say of the inventory: packs, detections, transitions of findings, explanations. Pure."""
