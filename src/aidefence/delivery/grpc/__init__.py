"""The gRPC door: detection by calls and streams, and what Envoy asks of its filters."""
