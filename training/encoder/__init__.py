"""Tier 3 and teacher of the tiers below: a multilingual encoder, fine-tuned and packed.

Its parts need `aidefence[train-deep]`; the other tiers are trained without it.
"""
