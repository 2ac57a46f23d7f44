"""Read rule and lexicon files: ours from the package, the operator's from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from aidefence.domain.errors import RulebookError

FILE_BYTES_MAX = 1 << 20
FILES_MAX = 20_000
_DEPTH_MAX = 8
_ENDINGS = (".yml", ".yaml")
_LEXICONS = "lexicons"


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file of rules or lexicons, as it lies there."""

    path: str
    text: str

    @property
    def pair(self) -> tuple[str, str]:
        """Path and text, as the engine takes them."""
        return self.path, self.text


def load(extra_dir: Path | None = None) -> tuple[RuleFile, ...]:
    """Read the shipped rules, then those of the operator's folder."""
    return shipped() if extra_dir is None else (*shipped(), *from_folder(extra_dir))


def shipped() -> tuple[RuleFile, ...]:
    """Read the rules in the package."""
    return tuple(_walk(files("aidefence") / "rules", "rules", _DEPTH_MAX))


def shipped_for_tools() -> tuple[RuleFile, ...]:
    """Read the rules about definitions and calls of tools, and the lexicons they may use.

    They judge nothing else: what is an order in the description of a tool is small talk in a chat.
    """
    package = files("aidefence")
    return (
        *_walk(package / "rules" / _LEXICONS, f"rules/{_LEXICONS}", 0),
        *_walk(package / "toolrules", "toolrules", _DEPTH_MAX),
    )


def from_folder(folder: Path) -> tuple[RuleFile, ...]:
    """Read the operator's rules; paths in errors are those of the files."""
    if not folder.is_dir():
        raise RulebookError(f"rules folder `{folder}` is not a folder")
    found = tuple(_walk(folder, str(folder), _DEPTH_MAX))
    if len(found) > FILES_MAX:
        raise RulebookError(f"rules folder `{folder}` holds over {FILES_MAX} files")
    return found


def digest(rules: tuple[RuleFile, ...]) -> str:
    """Name a set of rule files by what they say."""
    state = blake2b(digest_size=8)
    for rule in rules:
        for part in rule.pair:
            data = part.encode("utf-8", "surrogatepass")
            state.update(len(data).to_bytes(8, "little"))
            state.update(data)
    return state.hexdigest()


def _walk(folder: Traversable, prefix: str, depth: int) -> Iterator[RuleFile]:
    # Sorted, so that the same files always make the same rulebook.
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{prefix}/{entry.name}"
        if entry.is_dir():
            if depth > 0:
                yield from _walk(entry, path, depth - 1)
        elif entry.name.endswith(_ENDINGS):
            yield RuleFile(path, _read(entry, path))


def _read(entry: Traversable, path: str) -> str:
    try:
        data = entry.read_bytes()
    except OSError as error:
        raise RulebookError(f"rule file `{path}` cannot be read: {error.strerror}") from error
    if len(data) > FILE_BYTES_MAX:
        raise RulebookError(f"rule file `{path}` is larger than {FILE_BYTES_MAX} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RulebookError(f"rule file `{path}` is not UTF-8 at byte {error.start}") from error
