"""CredSweeper with its rules, filters and the model in its package."""

from __future__ import annotations

import warnings
from itertools import accumulate

from credsweeper import CredSweeper
from credsweeper.file_handler.string_content_provider import StringContentProvider
from serve import Find, Finding, serve


def _ready() -> Find:
    warnings.simplefilter("ignore")
    sweeper = CredSweeper()

    def find(text: str) -> list[Finding]:
        lines = text.split("\n")
        starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        return [
            (
                one.rule_name,
                starts[line.line_pos] + line.value_start,
                starts[line.line_pos] + line.value_end,
                1.0,
            )
            for one in sweeper.file_scan(StringContentProvider(lines))
            for line in one.line_data_list
        ]

    return find


if __name__ == "__main__":
    serve("credsweeper", _ready)
