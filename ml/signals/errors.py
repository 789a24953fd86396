"""What goes wrong between here and Signals."""

from __future__ import annotations


class SignalsError(ValueError):
    """Nothing was published or read; the message says why and what to do."""
