"""The command line: `aidefence scan`, `serve`, `rules`, `eval`, `bench` and `doctor`."""

from aidefence.delivery.cli.main import main

__all__ = ["main"]
