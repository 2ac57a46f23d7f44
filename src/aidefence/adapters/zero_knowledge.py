"""The program that makes and checks proofs in zero knowledge: one question, one answer.

It is built by itself (`make zk`) and no part of the package.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aidefence.domain.errors import ConfigError

PROGRAM: Final = "aidefence-zk"
_ANSWER_BYTES_MAX = 1 << 20
_SECONDS = 600.0
_REFUSED = 1


def find() -> Path | None:
    """Return the program: beside this Python, or on the path."""
    beside = Path(sys.executable).parent / PROGRAM
    found = str(beside) if beside.is_file() else shutil.which(PROGRAM)
    return None if found is None else Path(found)


def ask(program: Path, question: Mapping[str, object]) -> tuple[bool, dict[str, Any]]:
    """Ask the program; return whether it did not refuse, and its answer.

    Raises:
        ConfigError: it cannot be started, takes too long, or says that the question is none.

    """
    try:
        ended = subprocess.run(  # noqa: S603 - our own program, no words of a stranger
            [str(program)],
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"`{program.name}` does not answer: {error}") from error
    try:
        answer = json.loads(ended.stdout[:_ANSWER_BYTES_MAX])
    except ValueError:
        raise ConfigError(f"`{program.name}` ended with {ended.returncode}, no answer") from None
    if not isinstance(answer, dict) or ended.returncode not in (0, _REFUSED):
        reason = answer.get("error", "") if isinstance(answer, dict) else ""
        raise ConfigError(f"`{program.name}`: {reason or 'no answer'}")
    return ended.returncode == 0, answer
