"""Writes attacks with matched benign twins from phrase books of our own, by a seed."""

from training.generator.pairs import Pair, generate

__all__ = ["Pair", "generate"]
