"""Check files of lists: what cannot be meant, and what no longer counts."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from aidefence.domain.errors import ConfigError
from aidefence.service.rule_check import Gravity, Remark


def lint_lists(paths: Iterable[Path], *, now_ms: int | None = None) -> list[Remark]:
    """Return everything there is to say about files of lists."""
    # Imported here: whoever checks no lists needs no engine for them.
    from aidefence.knowledge.lists.reader import read_lists  # noqa: PLC0415

    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    remarks: list[Remark] = []
    for path in paths:
        try:
            lists = read_lists([path])
        except ConfigError as error:
            remarks.append(Remark(str(path), 1, 1, Gravity.ERROR, "format", str(error)))
            continue
        for entry in lists.over(now):
            message = f"entry `{entry.id}` has expired and no longer counts: {entry.reason}"
            remarks.append(Remark(str(path), 1, 1, Gravity.WARNING, "expired", message))
    return remarks
