"""Settings and wiring: the only place that reads the environment and ties rooms together."""
