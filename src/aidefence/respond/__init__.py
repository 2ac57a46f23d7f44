"""Put a decision into words."""
