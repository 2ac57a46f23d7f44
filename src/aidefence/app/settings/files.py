"""A file of settings, TOML or YAML: its values, and the line of each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from aidefence.domain.errors import ConfigError

Place: TypeAlias = tuple[str, ...]

FILE_BYTES_MAX = 4 << 20
_YAML = frozenset({".yaml", ".yml"})
_TABLE = re.compile(r"\s*\[\[?(?P<path>[^\[\]]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*(?P<path>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What a file says, and on which line."""

    path: Path
    values: dict[str, Any]
    lines: Mapping[Place, int] = field(repr=False)

    def where(self, place: Place) -> str:
        """Tell file and line of a setting, or of the nearest table around it."""
        for length in range(len(place), 0, -1):
            line = self.lines.get(place[:length])
            if line is not None:
                return f"{self.path}:{line}"
        return str(self.path)


def read_file(path: Path) -> ConfigFile:
    """Read a file of settings; its ending tells the language.

    Raises:
        ConfigError: it cannot be read, or is not what its ending says.

    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read settings `{path}`: {error.strerror}") from error
    if len(data) > FILE_BYTES_MAX:
        raise ConfigError(f"settings `{path}` are larger than {FILE_BYTES_MAX} bytes")
    language = "YAML" if path.suffix.lower() in _YAML else "TOML"
    try:
        text = data.decode("utf-8")
        return _read_yaml(path, text) if language == "YAML" else _read_toml(path, text)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split()) or "nested too deep"
        raise ConfigError(f"settings `{path}` are not {language}: {reason}") from None


def _read_toml(path: Path, text: str) -> ConfigFile:
    return ConfigFile(path, tomllib.loads(text), dict(_toml_lines(text)))


def _toml_lines(text: str) -> Iterator[tuple[Place, int]]:
    # The parser knows no lines; a value over several lines may look like a key, and then names
    # a setting that does not exist.
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if found := _TABLE.match(line):
            table = _parts(found["path"])
            yield table, number
        elif found := _KEY.match(line):
            yield (*table, *_parts(found["path"])), number


def _parts(path: str) -> Place:
    return tuple(part.strip("\"'") for part in _PART.findall(path))


class _Loader(yaml.SafeLoader):
    """YAML in which `on` and `off` are words: only `true` and `false` are yes and no."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF")
)


def _read_yaml(path: Path, text: str) -> ConfigFile:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return ConfigFile(path, {}, {})
        lines = dict(_yaml_lines(root, ()))
        values = loader.construct_document(root)
    finally:
        loader.dispose()
    if not isinstance(values, dict):
        raise yaml.YAMLError("expected settings by name, as `profile: strict`")
    return ConfigFile(path, values, lines)


def _yaml_lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in seen:
            raise yaml.YAMLError(f"`{name}` stands on line {seen[name]} and again on {line}")
        seen[name] = line
        yield (*place, name), line
        yield from _yaml_lines(value, (*place, name))
