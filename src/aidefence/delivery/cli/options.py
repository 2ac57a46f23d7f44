"""Options that several commands share, and how they become a guard."""

from __future__ import annotations

import sys
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeAlias

import typer

from aidefence.delivery.cli.terminal import console, printable
from aidefence.domain.enums import DeepMode, Profile
from aidefence.domain.errors import AIDefenceError

if TYPE_CHECKING:
    from aidefence import Guard


class Exit(IntEnum):
    """Exit codes of every command."""

    CLEAN = 0
    FOUND = 1
    ERROR = 2
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class Colour(StrEnum):
    """When to write colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"

    @property
    def forced(self) -> bool | None:
        """Return whether colours are forced on or off; none leaves it to the terminal."""
        return None if self is Colour.AUTO else self is Colour.ALWAYS


ProfileOption: TypeAlias = Annotated[
    Profile, typer.Option(help="Balance between missed attacks and false alarms.")
]
RulesOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--rules", metavar="DIR", help="Folder with rules of your own, added to ours."),
]
ParanoiaOption: TypeAlias = Annotated[
    int, typer.Option(min=1, max=4, help="2 and up add rules that cry wolf more often.")
]
ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="Settings, TOML or YAML; other options override."
    ),
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="One setting, as server.port=9000; repeat for more."
    ),
]
DeepOption: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--deep/--no-deep",
        help="Insist on the deep model, or leave it out; neither: where it is installed.",
    ),
]
DenseOption: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--dense/--no-dense",
        help="Insist on the dense model, or leave it out; neither: where there is one.",
    ),
]
ListsOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--lists", metavar="FILE", help="Allow and deny lists (TOML); repeat for more files."
    ),
]
TopicsOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--topics", metavar="FILE", help="Topics by example (TOML); repeat for more."),
]
PolicyOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--policy", metavar="FILE", help="A policy (PDL); repeat for more files."),
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Write JSON.")]
ColourOption: TypeAlias = Annotated[Colour, typer.Option("--color", help="When to write colours.")]


def open_guard(
    *,
    profile: Profile,
    rules: Path | None,
    paranoia: int,
    exclude: tuple[str, ...] = (),
    lists: tuple[Path, ...] = (),
    topics: tuple[Path, ...] = (),
    policies: tuple[Path, ...] = (),
    dense: bool | None = None,
    deep: bool | None = None,
) -> Guard:
    """Build the guard, or leave with what is wrong in the configuration."""
    # Imported here: loading the engine costs more than all of `--help`.
    from aidefence import Guard  # noqa: PLC0415

    try:
        return Guard(
            profile=profile,
            rules_dir=rules,
            paranoia=paranoia,
            exclude=exclude,
            lists=lists,
            topics=topics,
            policies=policies,
            dense=mode_of(dense),
            deep=mode_of(deep),
        )
    except AIDefenceError as error:
        fail(str(error))


def mode_of(asked: bool | None) -> DeepMode:
    """Give the setting that `--deep`, `--no-deep` or neither of them stands for; so with dense."""
    if asked is None:
        return DeepMode.AUTO
    return DeepMode.REQUIRED if asked else DeepMode.OFF


def fail(message: str) -> NoReturn:
    """Write one line to standard error and leave with the code for errors."""
    console(sys.stderr).print(f"aidefence: {printable(message, keep=chr(10))}", style="bold red")
    raise typer.Exit(Exit.ERROR)
