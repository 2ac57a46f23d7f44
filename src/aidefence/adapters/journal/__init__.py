"""The journal: what was decided, in files, until it is in the store."""
