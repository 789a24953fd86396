"""An honest local stand-in of a Snowplow collector and of Snowplow Signals."""
