"""Combine what several detectors say into one calibrated confidence."""
