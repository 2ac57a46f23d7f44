"""Read files of lists. What cannot be meant is refused with the entry's place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TypedDict, TypeVar

from aidefence.domain.enums import Action, Category, Direction, Origin, Severity
from aidefence.domain.errors import ConfigError, SettingError
from aidefence.domain.lists import DenyEntry, ListEntry, ListKind, ListSet, Scope
from aidefence.knowledge.lists.entries import normal_pattern

ENTRIES_MAX = 10_000
FILE_BYTES_MAX = 4 << 20
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_SCOPE_KEYS = ("category", "entity", "rule", "origin", "direction")
_ALLOW_KEYS = ("id", *ListKind, *_SCOPE_KEYS, "reason", "expires")
_DENY_KEYS = (
    *("id", *ListKind, "category", "severity", "action", "origin", "direction"),
    *("reason", "expires"),
)
_ACTIONS = (Action.FLAG, Action.REVIEW, Action.BLOCK)
_Member = TypeVar("_Member", bound=StrEnum)
_Table = Mapping[str, object]


def read_lists(paths: Iterable[Path]) -> ListSet:
    """Read files of lists, in their order.

    Raises:
        ConfigError: a file cannot be read, or an entry of it cannot be meant.

    """
    allow: list[ListEntry] = []
    deny: list[DenyEntry] = []
    for path in paths:
        table = _read(path)
        for key in table:
            if key not in ("allow", "deny"):
                raise SettingError("lists", f"`{path}`: unknown table `{key}`: allow, deny")
        allow += [_allow(*each) for each in _tables(table, "allow", path, len(allow))]
        deny += [_deny(*each) for each in _tables(table, "deny", path, len(deny))]
    ids = [it.id for it in (*allow, *deny)]
    twins = sorted({it for it in ids if ids.count(it) > 1}) if len(set(ids)) < len(ids) else []
    if twins:
        raise SettingError("lists", f"two entries have the id `{twins[0]}`")
    if len(ids) > ENTRIES_MAX:
        raise SettingError("lists", f"{len(ids)} entries are more than {ENTRIES_MAX}")
    return ListSet(tuple(allow), tuple(deny))


class Fields:
    """The fields of one entry, and where it stands."""

    def __init__(
        self, table: _Table, where: str, known: tuple[str, ...], setting: str = "lists"
    ) -> None:
        self._table = table
        self._setting = setting
        self.where = where
        for key in table:
            if key not in known:
                raise self.wrong(f"unknown key `{key}`: expected {', '.join(known)}")

    def wrong(self, why: str) -> SettingError:
        """The error that names this entry."""
        return SettingError(self._setting, f"{self.where}: {why}")

    def number(self, key: str) -> float | None:
        """A number, if it is given."""
        value = self._table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self.wrong(f"`{key}` is no number")
        return float(value)

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self._table.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(f"`{key}` is no text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A text, or a list of them."""
        value = self._table.get(key, ())
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list | tuple) or not all(isinstance(it, str) for it in listed):
            raise self.wrong(f"`{key}` is no text and no list of texts")
        return tuple(listed)

    def members(self, key: str, members: type[_Member]) -> frozenset[_Member]:
        """Names out of a closed set."""
        return frozenset(self.member(key, members, name) for name in self.texts(key))

    def member(self, key: str, members: type[_Member], given: str) -> _Member:
        """One name out of a closed set."""
        try:
            return members(given)
        except ValueError:
            known = ", ".join(members)
            raise self.wrong(f"`{key}`: `{given}` is unknown: expected {known}") from None

    def kind(self) -> tuple[ListKind, str]:
        """How it is compared, and with what."""
        given = [kind for kind in ListKind if kind.value in self._table]
        if len(given) != 1:
            raise self.wrong(f"exactly one of {', '.join(ListKind)} says what is meant")
        return given[0], self.text(given[0].value)

    def expires_ms(self) -> int | None:
        """The Unix time from which it no longer counts; a day counts to its end, in UTC."""
        value = self._table.get("expires")
        if value is None:
            return None
        if isinstance(value, str):
            value = self._date(value)
        if isinstance(value, datetime):
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        elif isinstance(value, date):
            moment = datetime.combine(value, time(), UTC) + timedelta(days=1)
        else:
            raise self.wrong("`expires` is no date and no time")
        return int(moment.timestamp() * 1000)

    def _date(self, given: str) -> datetime | date:
        try:
            plain = "T" not in given and " " not in given
            return date.fromisoformat(given) if plain else datetime.fromisoformat(given)
        except ValueError:
            raise self.wrong(f"`expires`: `{given}` is no date and no time") from None


def _read(path: Path) -> dict[str, object]:
    # Most guards have no list, and this costs a tenth of the whole import.
    import tomllib  # noqa: PLC0415

    try:
        data = path.read_bytes()
        if len(data) > FILE_BYTES_MAX:
            raise SettingError("lists", f"`{path}` has more than {FILE_BYTES_MAX} bytes")
        table: dict[str, object] = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read lists `{path}`: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"lists `{path}` are not TOML: {error}") from error
    return table


def _tables(table: _Table, name: str, path: Path, before: int) -> list[tuple[_Table, str, str]]:
    listed = table.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(it, dict) for it in listed):
        raise SettingError("lists", f"`{path}`: `{name}` is no list of tables: write [[{name}]]")
    return [
        (entry, f"`{path}`: {name} entry {number}", f"{name}-{before + number}")
        for number, entry in enumerate(listed, 1)
    ]


def _allow(table: _Table, where: str, default_id: str) -> ListEntry:
    fields = Fields(table, where, _ALLOW_KEYS)
    kind, given = fields.kind()
    scope = Scope(
        categories=fields.members("category", Category),
        entities=frozenset(fields.texts("entity")),
        rules=fields.texts("rule"),
        origins=fields.members("origin", Origin),
        direction=_direction(fields),
    )
    if kind is ListKind.DIGEST and (scope.categories or scope.entities or scope.rules):
        raise fields.wrong("a whole text is allowed by origin and direction only")
    return ListEntry(
        id=_id(fields, default_id),
        kind=kind,
        pattern=_pattern(fields, kind, given),
        scope=scope,
        reason=_reason(fields),
        expires_ms=fields.expires_ms(),
    )


def _deny(table: _Table, where: str, default_id: str) -> DenyEntry:
    fields = Fields(table, where, _DENY_KEYS)
    kind, given = fields.kind()
    parts = entry_parts(fields, default_id, Action.BLOCK)
    return DenyEntry(kind=kind, pattern=_pattern(fields, kind, given), **parts)


class EntryParts(TypedDict):
    """What entries that say what happens have in common."""

    id: str
    scope: Scope
    reason: str
    expires_ms: int | None
    category: Category
    severity: Severity
    action: Action


def entry_parts(fields: Fields, default_id: str, action: Action) -> EntryParts:
    """Read what is not about the value itself; `action` is what happens if nothing is said."""
    chosen = fields.member("action", Action, fields.text("action", action.value))
    if chosen not in _ACTIONS:
        raise fields.wrong(f"`action`: expected one of {', '.join(_ACTIONS)}")
    return EntryParts(
        id=_id(fields, default_id),
        scope=Scope(origins=fields.members("origin", Origin), direction=_direction(fields)),
        reason=_reason(fields),
        expires_ms=fields.expires_ms(),
        category=fields.member("category", Category, fields.text("category", "anomaly")),
        severity=fields.member("severity", Severity, fields.text("severity", "high")),
        action=chosen,
    )


def read_tables(path: Path, name: str, setting: str, before: int) -> list[tuple[_Table, str, str]]:
    """The tables of one name in a file that holds no others, each with its place and an id."""
    table = _read(path)
    for key in table:
        if key != name:
            raise SettingError(setting, f"`{path}`: unknown table `{key}`: {name}")
    return _tables(table, name, path, before)


def _pattern(fields: Fields, kind: ListKind, given: str) -> str:
    try:
        return normal_pattern(kind, given)
    except ValueError as error:
        raise fields.wrong(f"`{kind.value}`: {error}") from None


def _direction(fields: Fields) -> Direction | None:
    given = fields.text("direction")
    return fields.member("direction", Direction, given) if given else None


def _id(fields: Fields, default: str) -> str:
    given = fields.text("id", default)
    if not _ID.fullmatch(given):
        raise fields.wrong("`id` has 1 to 31 of `a` to `z`, `0` to `9` and `-`")
    return given


def _reason(fields: Fields) -> str:
    reason = " ".join(fields.text("reason").split())
    if not reason or not reason.isprintable():
        raise fields.wrong("`reason` says in one line why the entry is there")
    return reason
