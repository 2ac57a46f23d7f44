"""Puts together what a policy says in its own file, in files that it includes and in templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from aidefence.domain.errors import PolicyError
from aidefence.policy.catalog import quoted, spec_of
from aidefence.policy.cursor import nearest
from aidefence.policy.lexing import SOURCE_BYTES_MAX
from aidefence.policy.parsing import ITEMS_MAX, parse
from aidefence.policy.tree import (
    Argument,
    At,
    Default,
    Define,
    Include,
    Item,
    OnError,
    Parameter,
    Source,
    Timezone,
    Unit,
    Use,
    Value,
)

FILES_MAX = 100
NESTED_MAX = 8
_TEMPLATES = "policies"


class Sources(Protocol):
    """Where other files come from. What cannot be had is a `LookupError` that says why."""

    def include(self, path: str) -> str:
        """Give the text of a file that a policy includes."""

    def template(self, name: str) -> str:
        """Give the text of a template."""

    def templates(self) -> tuple[str, ...]:
        """Give the names of all templates."""


class Shipped:
    """Templates that come with the product, and no files."""

    def include(self, path: str) -> str:
        """Refuse: there are no files here."""
        raise LookupError(f"no files can be included here, so not `{path[:80]}`")

    def template(self, name: str) -> str:
        """Give the text of a template."""
        if name not in self.templates():
            raise LookupError(f"no template is called `{name[:80]}`")
        return (files("aidefence") / _TEMPLATES / f"{name}.pdl").read_text("utf-8")

    def templates(self) -> tuple[str, ...]:
        """Give the names of all templates."""
        folder = files("aidefence") / _TEMPLATES
        if not folder.is_dir():
            return ()
        names = (it.name for it in folder.iterdir())
        return tuple(sorted(it.removesuffix(".pdl") for it in names if it.endswith(".pdl")))


class Folder(Shipped):
    """Files of one folder and those below it, and the templates that come with the product."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def include(self, path: str) -> str:
        """Give the text of a file of the folder."""
        try:
            whole = (self._folder / path).resolve()
            if not whole.is_relative_to(self._folder):
                raise LookupError(f"`{path[:80]}` lies outside of the policy's own folder")
            with whole.open("rb") as opened:
                return opened.read(SOURCE_BYTES_MAX + 1).decode("utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise LookupError(f"`{path[:80]}` cannot be read: {error}") from None


@dataclass(eq=False)
class Room:
    """Where names are known: a policy with what it includes is one room, each template another."""

    prefix: str = ""
    definitions: dict[str, Placed] = field(default_factory=dict)
    parameters: dict[str, tuple[Value, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """Something that is said, and in which file and room."""

    item: Item
    file: str
    room: Room

    def error(self, at: At, message: str, expected: str = "", near: str = "") -> PolicyError:
        """Make an error about a place in this file."""
        return PolicyError(self.file, at.line, at.column, message, expected, near)


def expand(source: Source, sources: Sources) -> tuple[Placed, ...]:
    """Give everything that a policy says, with its includes and templates in their places.

    Raises:
        PolicyError: a file or template cannot be had, a name is defined twice, or it is too much.

    """
    room = Room()
    expansion = _Expansion(sources)
    said = tuple(expansion.items(source, room, nested=0))
    if len(said) > ITEMS_MAX:
        message = f"with all that is included {len(said)} things are said"
        raise PolicyError(source.file, 1, 1, message, f"at most {ITEMS_MAX}")
    return said


class _Expansion:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._files = 0
        self._said = 0

    def items(self, source: Source, room: Room, nested: int) -> Iterator[Placed]:
        for item in source.items:
            placed = Placed(item, source.file, room)
            self._said += 1
            if self._said > ITEMS_MAX:
                message = f"with all that is included more than {ITEMS_MAX} things are said"
                raise placed.error(item.at, message)
            if isinstance(item, Include):
                yield from self._include(placed, item, nested)
            elif isinstance(item, Use):
                yield from self._use(placed, item, nested)
            elif isinstance(item, Define):
                _define(placed, item)
            elif isinstance(item, Parameter):
                if item.name not in room.parameters or source.header is None:
                    raise placed.error(item.at, "only a template has parameters", "`define`")
            else:
                yield placed

    def _include(self, placed: Placed, item: Include, nested: int) -> Iterator[Placed]:
        text = self._read(placed, item, nested)
        source = parse(text, file=item.path)
        if source.header is not None:
            message = f"`{item.path[:80]}` is a policy or template of its own"
            raise placed.error(item.at, message, "a file without a header")
        yield from self.items(source, placed.room, nested + 1)

    def _use(self, placed: Placed, item: Use, nested: int) -> Iterator[Placed]:
        source = parse(self._read(placed, item, nested), file=f"{item.template}.pdl")
        if source.header is None or not source.header.is_template:
            message = f"`{item.template[:80]}` is no template"
            raise placed.error(item.at, message, "a file that begins with `template`")
        for said in source.items:
            if isinstance(said, Default | OnError | Timezone):
                message = "a template sets neither default nor time zone"
                raise PolicyError(source.file, said.at.line, said.at.column, message)
        before = placed.room.prefix
        prefix = f"{before}{item.prefix}." if item.prefix else before
        room = Room(prefix, parameters=_parameters(placed, item, source))
        yield from self.items(source, room, nested + 1)

    def _read(self, placed: Placed, item: Include | Use, nested: int) -> str:
        self._files += 1
        if nested >= NESTED_MAX or self._files > FILES_MAX:
            message = "too many files include one another"
            expected = f"at most {FILES_MAX}, and {NESTED_MAX} levels"
            raise placed.error(item.at, message, expected)
        try:
            if isinstance(item, Include):
                return self._sources.include(item.path)
            return self._sources.template(item.template)
        except LookupError as error:
            near = ""
            if isinstance(item, Use):
                near = nearest(item.template, self._sources.templates())
            raise placed.error(item.at, str(error.args[0]), "", near) from None


def _define(placed: Placed, item: Define) -> None:
    if item.name in placed.room.definitions:
        raise placed.error(item.at, f"`{item.name[:80]}` is defined already", "another name")
    if spec_of(item.name) is not None:
        message = f"`{item.name}` is the name of a feature"
        raise placed.error(item.at, message, "another name")
    placed.room.definitions[item.name] = placed


def _parameters(placed: Placed, item: Use, source: Source) -> dict[str, tuple[Value, ...]]:
    known = {it.name: it for it in source.items if isinstance(it, Parameter)}
    found = {name: it.values for name, it in known.items()}
    given: Mapping[str, Argument] = {it.name: it for it in item.arguments}
    for name, argument in given.items():
        wanted = known.get(name)
        if wanted is None:
            message = f"`{item.template}` has no parameter `{name[:80]}`"
            raise placed.error(argument.at, message, "", nearest(name, known))
        values = tuple(it for value in argument.values for it in values_of(value, placed))
        unit = wanted.values[0].unit
        if any(it.unit is not unit for it in values) or (len(values) != 1 and not wanted.is_list):
            expected = f"a {unit.value}" + (" or a list of them" if wanted.is_list else "")
            raise placed.error(argument.at, f"`{name}` cannot be set to this", expected)
        found[name] = values
    return found


def values_of(value: Value, placed: Placed) -> tuple[Value, ...]:
    """Give what a value stands for: itself, or where it is a parameter what that is set to.

    Raises:
        PolicyError: there is no such parameter here.

    """
    if value.unit is not Unit.PARAMETER:
        return (value,)
    found = placed.room.parameters.get(value.text)
    if found is None:
        near = nearest(value.text, placed.room.parameters)
        near = f"${near}" if near else ""
        raise placed.error(value.at, f"there is no parameter `${value.text[:80]}`", "", near)
    return tuple(Value(it.unit, it.number, it.text, value.at) for it in found)


def argument_of(written: str, at: At, placed: Placed) -> str:
    """Give what stands in parentheses behind a name; a parameter stands for one value."""
    if not written.startswith("$"):
        return written
    values = values_of(Value(Unit.PARAMETER, text=written[1:], at=at), placed)
    if len(values) != 1 or values[0].unit not in {Unit.WORD, Unit.TEXT}:
        raise placed.error(at, f"`{written}` is no name", "a parameter that is a word or a text")
    return quoted(values[0].text) if values[0].unit is Unit.TEXT else values[0].text
