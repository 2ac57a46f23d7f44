"""Steps from one shape of the tables to the next. A step that was released never changes."""
