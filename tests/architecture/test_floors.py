"""What import-linter cannot see: the compiled module has no source that it could read."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

_NATIVE = "aidefence.engine._native"


def test_only_the_facade_sees_the_extension(root: Path) -> None:
    package = root / "src/aidefence"
    seeing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(name == _NATIVE for name in _imported(path))
    }
    assert seeing == {"engine/__init__.py", "engine/kernel.py", "engine/policies.py"}


def test_words_and_ports_stand_on_the_standard_library_alone(root: Path) -> None:
    for floor, below in (("domain", {"domain"}), ("ports", {"domain", "ports"})):
        for path in (root / "src/aidefence" / floor).rglob("*.py"):
            for name in _imported(path):
                first, *rest = name.split(".")
                known = first in sys.stdlib_module_names
                assert known or (first == "aidefence" and rest[0] in below), f"{path}: {name}"


def test_every_room_says_what_it_is_for(root: Path) -> None:
    for path in (root / "src/aidefence").rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
