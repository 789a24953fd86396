"""Patterns of the comments around a statement, for what is told by its first words."""

from __future__ import annotations

_BLOCK = r"/\*(?:[^*]|\*(?!/))*\*/"
# `//` is Snowflake's; a statement that begins with it is none to Spark.
LEADING = rf"(?:\s|--[^\n]*\n|//[^\n]*\n|{_BLOCK})*"
TRAILING = rf"(?:\s|;|--[^\n]*|//[^\n]*|{_BLOCK})*$"
