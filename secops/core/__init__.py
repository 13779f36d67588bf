"""The nouns everything else is made of. No I/O, standard library only."""
