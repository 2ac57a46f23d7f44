"""What we measure, how, and what came out: `python -m bench`."""
