"""The store: one SQLite file by default, PostgreSQL where it is configured."""
