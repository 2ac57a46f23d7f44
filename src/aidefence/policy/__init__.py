"""When to act: profiles and thresholds on calibrated confidence."""
