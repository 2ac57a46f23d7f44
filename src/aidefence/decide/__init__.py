"""Hold confidences against the thresholds of a policy."""
