"""Manners that all doors over HTTP share: who asks, which route, how a refusal is told."""
