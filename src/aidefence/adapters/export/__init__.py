"""What was decided, in the formats that security tools take in. Never a text that was inspected."""
