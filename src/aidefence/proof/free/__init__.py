"""Free-form theorems: a statement, a proof somebody wrote, and a judgement that trusts neither."""
