"""What we know, as data: rule files, models and the operator's exclusions."""
