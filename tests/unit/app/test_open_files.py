"""How many connections a process of few open files may hold."""

from __future__ import annotations

import subprocess
import sys

import pytest

_ASK = """
import resource, sys
from aidefence.app.open_files import connections_for
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(connections_for(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "told"),
    [
        # Enough: nothing is touched.
        (1000, 2000, 100, "100 1000 2000"),
        # Raised as far as is needed, and no further.
        (300, 2000, 400, "400 1056 2000"),
        # As far as it goes: so many fewer are taken, and it is told.
        (300, 1000, 4096, "372 1000 1000"),
        (100, 100, 4096, "16 100 100"),
    ],
)
def test_the_limit_on_open_files_is_raised_as_far_as_it_goes(
    soft: int, hard: int, wanted: int, told: str
) -> None:
    command = [sys.executable, "-c", _ASK, str(soft), str(hard), str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told
    assert ("open_files" in done.stderr or "open files" in done.stderr) is (
        not told.startswith(str(wanted))
    )
