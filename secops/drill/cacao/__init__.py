"""CACAO 2.0 (OASIS, CS01): the parts an exercise uses, read, checked and written."""
