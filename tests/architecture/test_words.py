"""What must not stand in the repository: machine paths, registry hosts, unfinished work."""

import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

# Written in pieces, so that this file does not find itself.
_HOSTS = (
    *(("pypi", r"\.org"), ("pythonhosted", r"\.org"), ("npmjs", r"\.org")),
    *((r"static\.crates", r"\.io"), (r"index\.crates", r"\.io"), (r"proxy\.golang", r"\.org")),
)
_PATHS = ((r"(?<![\w.])/wor", "k/"), (r"(?<![\w.])/roo", "t/"))
_UNFINISHED = (
    *((r"\bTO", r"DO\b"), (r"\bFIX", r"ME\b"), (r"\bNotImplemented", "Error")),
    *((r"\btodo", r"!\("), (r"\bunimplemented", r"!\(")),
)
_CODE = (".py", ".pyi", ".rs", ".sh", ".toml", "Makefile")
# Rules and the texts they catch name the paths that attackers go for.
_ATTACKS = ("src/aidefence/rules/", "training/generator/")
_NOT_OURS = {"Cargo.lock", "LICENSE"}


def test_no_registry_host_is_named(root: Path) -> None:
    assert _find(root, _HOSTS, lambda _: True) == []


def test_no_path_of_a_machine_is_named(root: Path) -> None:
    assert _find(root, _PATHS, lambda name: not name.startswith(_ATTACKS)) == []


def test_no_code_is_unfinished(root: Path) -> None:
    assert _find(root, _UNFINISHED, lambda name: name.endswith(_CODE)) == []


def _find(
    root: Path, pieces: Iterable[tuple[str, str]], applies: Callable[[str], bool]
) -> list[str]:
    forbidden = re.compile("|".join("".join(pair) for pair in pieces))
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    found = []
    for name in listed:
        path = root / name
        if name in _NOT_OURS or not applies(name) or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" in data[:1024]:
            continue
        text = data.decode("utf-8", "replace")
        found += [f"{name}: {match[0]}" for match in forbidden.finditer(text)]
    return found


def test_no_room_is_called_a_junk_drawer(root: Path) -> None:
    junk = {"utils", "helpers", "manager", "util", "helper", "common", "misc"}
    named = {path.stem for path in (root / "src").rglob("*.py")}
    named |= {path.stem for path in (root / "crates").rglob("*.rs")}
    assert named.isdisjoint(junk)


def test_constraints_hold_versions_and_hashes_only(root: Path) -> None:
    lines = (root / "constraints.txt").read_text().splitlines()
    requirement = re.compile(r"[a-z0-9.-]+==[\w.]+( ; [^\\]+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    for line in lines:
        if line.startswith("#") or not line:
            continue
        assert requirement.fullmatch(line) or digest.fullmatch(line), line
