"""Stands between clients and models, and speaks the dialect of either."""
