"""Allow and deny lists: files read, entries compared with values, deny entries made into rules."""
