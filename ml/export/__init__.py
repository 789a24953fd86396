"""A version of a model as a file for other programs, checked to give the same scores."""
