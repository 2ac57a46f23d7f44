"""Doors: each translates between its clients and the services. None knows another."""
