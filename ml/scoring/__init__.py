"""Scores and their reasons."""
