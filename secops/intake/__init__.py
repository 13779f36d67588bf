"""Files from outside, as Observation (what a tool saw) or Skipped. Nothing here sends anything."""
