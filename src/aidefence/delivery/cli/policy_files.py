"""Policy files as the command line reads them: named ones, those of folders, standard input."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from aidefence.delivery.cli.options import Exit, fail
from aidefence.delivery.cli.terminal import console, printable
from aidefence.domain.errors import PolicyError

if TYPE_CHECKING:
    from aidefence.policy.compiling import Compiled
    from aidefence.policy.tree import Source

SUFFIX = ".pdl"
STDIN = "-"
# More than a policy may have: the language says by how much.
_BYTES_MAX = 1_000_000
PoliciesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", help="Policy files, folders of them, `-` for stdin."),
]
_SHOWN_MAX = 200
STDIN_NAME = "<stdin>"
_WORD = re.compile(r"[\w.-]+|\S")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One file: its name, its text, and the folder that its includes are looked for in."""

    name: str
    text: str
    folder: Path

    def read(self) -> Source:
        """Read what the file says.

        Raises:
            PolicyError: it cannot be read.

        """
        # Imported here: the language costs more than all of `--help`.
        from aidefence.policy.parsing import parse  # noqa: PLC0415

        return parse(self.text, file=self.name)

    def compile(self) -> Compiled | None:
        """Compile a policy, or a template as one that uses it; none for a part to be included.

        Raises:
            PolicyError: it does not make sense.

        """
        from aidefence.policy.alone import compile_alone  # noqa: PLC0415

        source = self.read()
        if source.header is None and not source.items:
            raise PolicyError(self.name, 1, 1, "the file says nothing", "a policy or a part of one")
        return compile_alone(source, self.text, self.folder)


def policy_files(paths: Sequence[Path], suffix: str = SUFFIX) -> Iterator[PolicyFile]:
    """Read the files that are named, those of named folders, and standard input for `-`."""
    for path in paths:
        if str(path) == STDIN:
            yield PolicyFile(
                STDIN_NAME, _decoded(sys.stdin.buffer.read(_BYTES_MAX + 1), path), Path.cwd()
            )
        elif path.is_dir():
            found = sorted(it for it in path.rglob(f"*{suffix}") if it.is_file())
            if not found:
                fail(f"no `*{suffix}` under `{path}`")
            yield from map(_file, found)
        else:
            yield _file(path)


def _file(path: Path) -> PolicyFile:
    try:
        with path.open("rb") as opened:
            data = opened.read(_BYTES_MAX + 1)
    except OSError as error:
        fail(f"cannot read `{path}`: {error.strerror or error}")
    return PolicyFile(str(path), _decoded(data, path), path.parent)


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        fail(f"`{path}` is not UTF-8: {error.reason} at byte {error.start}")


def compiled_or_leave(file: PolicyFile) -> Compiled:
    """Compile a policy; leave with its error, or where it is a part that others include."""
    try:
        compiled = file.compile()
    except PolicyError as error:
        print_error(console(sys.stderr), error, file)
        raise typer.Exit(Exit.ERROR) from None
    if compiled is None:
        fail(f"`{file.name}` is a part of policies, not a policy")
    return compiled


def print_error(terminal: Console, error: PolicyError, file: PolicyFile) -> None:
    """Write what is wrong, with its line and a mark under the place."""
    place = f"{printable(error.file)}:{error.line}:{error.column}: "
    line = Text(place)
    line.append("error:", style="bold red")
    told = str(error).removeprefix(f"{error.file}:{error.line}:{error.column}: ")
    line.append(f" {printable(told)}")
    terminal.print(line)
    lines = file.text.replace("\r\n", "\n").split("\n")
    if error.file not in {file.name, f"{file.name}{SUFFIX}"} or error.line > len(lines):
        return
    # Of a line without end only what is around the place.
    first = max(0, error.column - 1 - _SHOWN_MAX // 2)
    shown = lines[error.line - 1][first : first + _SHOWN_MAX]
    column = error.column - 1 - first
    word = _WORD.match(shown, column)
    number = f"{error.line:>4} | "
    terminal.print(Text(f"{number}{printable(shown)}", style="dim"))
    # What is written out in place of a hidden character takes more room than it did.
    before = len(printable(shown[:column]))
    marks = "^" * (len(word[0]) if word else 1)
    terminal.print(Text(f"{' ' * (len(number) + before)}{marks}", style="bold red"))


def error_object(error: PolicyError) -> dict[str, object]:
    """Give what is wrong as JSON holds it."""
    return {
        "file": error.file,
        "line": error.line,
        "column": error.column,
        "message": error.message,
        "expected": error.expected,
        "nearest": error.nearest,
    }


def summary(compiled: Compiled | None) -> dict[str, object]:
    """Give what a policy amounts to as JSON holds it."""
    if compiled is None:
        return {"kind": "part"}
    header = compiled.source.header
    image = compiled.image
    return {
        "kind": "template" if header is not None and header.is_template else "policy",
        "id": image.id,
        "version": image.version,
        "digest": image.digest,
        "rules": len(image.rules),
        "temporal": len(image.temporal),
        "features": len(image.features),
        "properties": len(compiled.properties),
    }
