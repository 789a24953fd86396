"""A simulated site: Snowplow-shaped events, and the truth behind them."""
