"""Protocols for the outside world."""
