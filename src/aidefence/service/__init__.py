"""Use cases: what people and machines come for."""
