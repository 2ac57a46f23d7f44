"""Traces for OpenTelemetry. Only loaded where an operator has switched them on."""
