"""Trains tier 2: a small dense model over pieces of words, run by the engine itself."""
