"""How the shipped models are made: from data to file, deterministic and resumable."""
