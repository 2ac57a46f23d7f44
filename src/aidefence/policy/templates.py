"""The templates that come with the product: what each is for, what can be set, how it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aidefence.domain.errors import PolicyError
from aidefence.policy.compiling import compile_source
from aidefence.policy.cursor import nearest
from aidefence.policy.formatting import format_name, format_source, format_value
from aidefence.policy.parsing import parse
from aidefence.policy.sources import Shipped
from aidefence.policy.tree import Parameter, Prove, Rule, Source, Use

_ITEMS = 3
"""What a policy that uses a template says: its default, what happens on error, the use."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What can be set of a template, and its value where nothing is said."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Template:
    """One template: what it is for in a sentence, and its text."""

    name: str
    about: str
    settings: tuple[Setting, ...]
    rules: tuple[str, ...]
    claims: int
    text: str


def templates() -> tuple[Template, ...]:
    """Give all templates, by their names."""
    return tuple(template(it) for it in Shipped().templates())


def template(name: str) -> Template:
    """Give one template.

    Raises:
        PolicyError: there is none of this name.

    """
    shipped = Shipped()
    try:
        text = shipped.template(name)
    except LookupError as error:
        near = nearest(name, shipped.templates())
        raise PolicyError("templates", 1, 1, str(error.args[0]), "", near) from None
    source = parse(text, file=f"{name}.pdl")
    return Template(
        name,
        " ".join(it.text for it in source.comments if it.line == 0 and not it.trails),
        tuple(_settings(source)),
        tuple(it.id for it in source.items if isinstance(it, Rule)),
        sum(isinstance(it, Prove) for it in source.items),
        text,
    )


def instantiate(
    name: str, settings: Mapping[str, str], *, policy_id: str = "", prefix: str = ""
) -> str:
    """Write a policy that uses a template, with these settings in the policy language's spelling.

    Raises:
        PolicyError: there is no such template or setting, or a value does not fit.

    """
    found = template(name)
    known = {it.name for it in found.settings}
    for wanted in settings:
        if wanted not in known:
            message = f"`{name}` has no parameter `{wanted[:80]}`"
            raise PolicyError("templates", 1, 1, message, "", nearest(wanted, known))
    use = f"use {format_name(name)}" + (f" as {format_name(prefix)}" if prefix else "")
    if settings:
        use += " with " + ", ".join(f"{key} = {value}" for key, value in settings.items())
    head = f"policy {format_name(policy_id or name)} version 1"
    text = f"{head}\ndefault profile\non error block\n{use}\n"
    source = parse(text, file=name)
    used = [it for it in source.items if isinstance(it, Use)]
    # A value may not smuggle in anything beside itself.
    if len(source.items) != _ITEMS or [len(it.arguments) for it in used] != [len(settings)]:
        raise PolicyError(name, 1, 1, "a setting is more than a value", "one value, or a list")
    written = format_source(source)
    compile_source(written, file=name)
    return written


def _settings(source: Source) -> Iterator[Setting]:
    for it in source.items:
        if isinstance(it, Parameter):
            values = ", ".join(format_value(value) for value in it.values)
            yield Setting(it.name, f"({values})" if it.is_list else values)
