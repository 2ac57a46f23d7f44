"""Read which servers of tools a client is set up to start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aidefence.domain.canonical import escape_key
from aidefence.domain.errors import ContentError
from aidefence.domain.launching import ServerCommand

# How the clients that are in use name the same thing.
_PLACES = (("mcpServers",), ("mcp", "servers"), ("servers",), ("context_servers",))
_TEXTS_MAX = 1_000


def is_client_config(given: object) -> bool:
    """Whether a document is the configuration of a client, and no list of tools."""
    return _found(given) is not None


def read_servers(given: object) -> tuple[ServerCommand, ...]:
    """Read the servers of a configuration; those that are no command have none.

    Raises:
        ContentError: an entry is malformed; `path` points at it.

    """
    found = _found(given)
    if found is None:
        raise ContentError("no `mcpServers` in it")
    path, servers = found
    return tuple(
        _read_one(name, entry, f"{path}/{escape_key(name)}") for name, entry in servers.items()
    )


def _found(given: object) -> tuple[str, Mapping[str, object]] | None:
    for place in _PLACES:
        value = given
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, Mapping) and all(_is_entry(name, it) for name, it in value.items()):
            return "/" + "/".join(place), value
    return None


def _is_entry(name: object, entry: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(entry, Mapping)
        and any(key in entry for key in ("command", "url", "serverUrl", "httpUrl"))
    )


def _read_one(name: str, entry: object, path: str) -> ServerCommand:
    if not isinstance(entry, Mapping):
        raise ContentError("a server is no object", path)
    command = entry.get("command")
    if command is None:
        return ServerCommand(name, (), pointer=path)
    if isinstance(command, Mapping):
        return _read_one(name, {**command, "command": command.get("path")}, f"{path}/command")
    arguments = entry.get("args", ())
    if not isinstance(command, str) or not command:
        raise ContentError("a command is no text", f"{path}/command")
    if not _are_texts(arguments):
        raise ContentError("arguments are no list of texts", f"{path}/args")
    environment = entry.get("env") or {}
    if not isinstance(environment, Mapping) or not _are_texts([*environment.values()]):
        raise ContentError("an environment is no object of texts", f"{path}/env")
    folder = entry.get("cwd")
    if folder is not None and not isinstance(folder, str):
        raise ContentError("a folder is no text", f"{path}/cwd")
    pairs = tuple((str(key), str(value)) for key, value in environment.items())
    return ServerCommand(name, (command, *arguments), pairs, folder, path)


def _are_texts(values: object) -> bool:
    return (
        isinstance(values, Sequence)
        and not isinstance(values, str | bytes | bytearray)
        and len(values) <= _TEXTS_MAX
        and all(isinstance(it, str) and "\0" not in it for it in values)
    )
