"""What a model reads: kinds of values, columns, folds, checked arguments."""
