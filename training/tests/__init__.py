"""Tests of the way from data to model file."""
