"""Lean: the package it comes in, the process it runs in, the models that propose proofs to it."""
