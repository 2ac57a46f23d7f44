"""One screen, one idea: no file over 500 lines, no function over 60."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
_RUST_FUNCTION = re.compile(
    r"^(?P<indent> *)(?:pub(?:\([a-z]+\))? )?(?:const )?(?:async )?(?:unsafe )?"
    r"(?:extern \"C\" )?fn (?P<name>\w+)"
)


def _sources(root: Path, ending: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", f"*{ending}"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [root / name for name in sorted(set(listed)) if (root / name).is_file()]


def _python_functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def _rust_functions(path: Path) -> Iterator[tuple[str, int]]:
    # rustfmt closes a function at the column where it began.
    lines = path.read_text("utf-8").splitlines()
    for at, line in enumerate(lines):
        opened = _RUST_FUNCTION.match(line)
        if opened is None:
            continue
        closing = f"{opened['indent']}}}"
        for length, later in enumerate(lines[at:], 1):
            if later == closing or (length == 1 and later.endswith(("}", ";"))):
                yield opened["name"], length
                break


@pytest.mark.parametrize("ending", [".py", ".rs"])
def test_no_file_is_too_long(root: Path, ending: str) -> None:
    lengths = {
        str(path.relative_to(root)): len(path.read_text("utf-8").splitlines())
        for path in _sources(root, ending)
    }
    assert lengths
    assert {name: it for name, it in lengths.items() if it > FILE_LINES_MAX} == {}


def test_no_function_is_too_long(root: Path) -> None:
    found = [
        *((path, it) for path in _sources(root, ".py") for it in _python_functions(path)),
        *((path, it) for path in _sources(root, ".rs") for it in _rust_functions(path)),
    ]
    assert len(found) > 100
    long = [
        f"{path.relative_to(root)}: {name} has {length} lines"
        for path, (name, length) in found
        if length > FUNCTION_LINES_MAX
    ]
    assert long == []
