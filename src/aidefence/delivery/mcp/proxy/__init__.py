"""A proxy between a client and a server of tools: reads what passes, and stops what must not."""
