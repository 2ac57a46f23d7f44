"""The GraphQL door: one question for as much as one wants to know, and threats as they come in."""
