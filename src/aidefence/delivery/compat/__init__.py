"""Answers as other products do, so that whoever speaks to them can speak to us."""
