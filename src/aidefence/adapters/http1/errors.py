"""What can go wrong between us and a server; each says what the server did, as `went away`."""

from __future__ import annotations


class ExchangeError(Exception):
    """A server cannot be reached, went away, or does not keep to the protocol."""


class SilenceError(ExchangeError):
    """It took longer than we wait."""
