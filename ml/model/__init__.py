"""A trained model: trees, calibration, contributions, and the bytes it is stored as."""
