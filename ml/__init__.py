"""Calibrated conversion propensity: training, evaluation, scoring, simulation, serving."""

__version__ = "0.1.0"
