"""One file per sink. The only modules of this room that open connections."""
