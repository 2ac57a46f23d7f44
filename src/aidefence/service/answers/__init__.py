"""Answers: what they give away, and whether they are what was asked for."""
