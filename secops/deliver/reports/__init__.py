"""One file per format; each writes a `model.Report` to a path, the same model always as the same bytes."""
