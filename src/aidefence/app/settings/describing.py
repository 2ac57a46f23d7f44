"""What can be set, as a JSON schema and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from aidefence.app.settings.whole import Settings

_HEAD = """# All settings

Written by `make docs` from the settings themselves. A file (TOML or YAML) says `port` in a table
`server`, a variable of the environment says `AIDEFENCE_SERVER__PORT`, a flag of `aidefence serve`
says `--set server.port=9000`. Flags win over variables, those over the file, that over defaults.
`aidefence config show` tells what holds and who said so. How to tune: [tuning](tuning.md).

A request over a limit is refused with a problem document that names the field. It is not cut.
"""


def schema() -> dict[str, Any]:
    """Describe a file of settings, for editors and checks."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
    }


def page() -> str:
    """Write the page of all settings."""
    described = schema()
    kinds, parts = described["$defs"], described["properties"]
    top = {name: part for name, part in parts.items() if not _section(name)}
    blocks = [_HEAD, _table("", top, kinds)]
    for name in parts:
        kind = _section(name)
        if kind is not None:
            told = (kind.__doc__ or "").strip()
            inner = kinds[kind.__name__]["properties"]
            blocks.append(f"\n## `{name}`\n\n{told}\n")
            blocks.append(_table(f"{name}.", inner, kinds) if inner else "")
    return "\n".join(blocks).rstrip("\n") + "\n"


def _section(name: str) -> type[BaseModel] | None:
    kind = Settings.model_fields[name].annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _table(before: str, parts: dict[str, Any], kinds: dict[str, Any]) -> str:
    rows = ["| setting | default | values | what it is |", "|---|---|---|---|"]
    for name, part in parts.items():
        default, values = _default(part), ", ".join(_values(part, kinds)) or "text"
        rows.append(f"| `{before}{name}` | {default} | {values} | {part['description']} |")
    return "\n".join(rows)


def _default(part: dict[str, Any]) -> str:
    default = part.get("default")
    if default is None or default in ([], {}, ""):
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _values(part: dict[str, Any], kinds: dict[str, Any]) -> Iterator[str]:
    for option in part.get("anyOf", [part]):
        if "$ref" in option:
            option = kinds[option["$ref"].rsplit("/", 1)[-1]]  # noqa: PLW2901 -- what it stands for
        if "enum" in option:
            yield from (f"`{it}`" for it in option["enum"])
        elif option.get("type") in {"integer", "number"}:
            yield _range(option)
        elif option.get("type") == "boolean":
            yield from ("`true`", "`false`")
        elif option.get("type") == "array":
            yield "a list"
        elif option.get("type") == "object":
            yield "a table"
        elif option.get("format") in {"path", "password"}:
            yield {"path": "a path", "password": "a secret"}[option["format"]]


def _range(option: dict[str, Any]) -> str:
    least, most = option.get("minimum"), option.get("maximum")
    above = option.get("exclusiveMinimum")
    if least is None and above is None:
        return "a number"
    low = f"above {above:g}" if least is None else f"from {least:g}"
    return low if most is None else f"{low} to {most:.10g}"
