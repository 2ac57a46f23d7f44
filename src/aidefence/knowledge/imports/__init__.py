"""Rules of other systems: read, and said in ours as far as that is possible."""
