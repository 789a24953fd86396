"""Attributes of Snowplow Signals made from feature definitions, and a local stand-in of Signals."""
