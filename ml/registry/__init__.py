"""Versions of models: when they are due, whether they pass, what is kept of them."""
