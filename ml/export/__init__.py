"""A version of a model as a file for other programs, checked against what it scored here."""
