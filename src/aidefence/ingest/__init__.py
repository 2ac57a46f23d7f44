"""Turn what callers hand in into contents with origins."""
