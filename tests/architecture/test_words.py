"""What must not stand in the repository: machine paths, registry hosts, unfinished work."""

import re
import subprocess
from pathlib import Path

# Written in pieces, so that this file does not find itself.
_PIECES = (
    ("pypi", r"\.org"),
    ("pythonhosted", r"\.org"),
    (r"static\.crates", r"\.io"),
    (r"index\.crates", r"\.io"),
    ("npmjs", r"\.org"),
    (r"proxy\.golang", r"\.org"),
    (r"(?<![\w.])/wor", "k/"),
    (r"(?<![\w.])/roo", "t/"),
    (r"\bTO", r"DO\b"),
    (r"\bFIX", r"ME\b"),
    ("NotImplemented", "Error"),
    (r"\btodo", r"!\("),
)
_FORBIDDEN = re.compile("|".join("".join(pieces) for pieces in _PIECES))
_NOT_OURS = {"Cargo.lock", "LICENSE"}


def test_nothing_forbidden_is_written_anywhere(root: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    found = []
    for name in listed:
        path = root / name
        if name in _NOT_OURS or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" in data[:1024]:
            continue
        text = data.decode("utf-8", "replace")
        found += [f"{name}: {match[0]}" for match in _FORBIDDEN.finditer(text)]
    assert found == []


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
