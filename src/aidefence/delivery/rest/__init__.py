"""The REST door: API v2 over HTTP."""
