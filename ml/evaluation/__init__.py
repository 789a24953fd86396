"""How good predictions are: metrics, curves, importance."""
