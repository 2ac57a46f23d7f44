"""Compiles what stands in one file by itself: a policy, or a template as one that uses it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aidefence.domain.enums import Action
from aidefence.policy.compiling import Compiled, compile_tree
from aidefence.policy.sources import Folder
from aidefence.policy.tree import Default, Header, OnError, Source, Use


def compile_alone(source: Source, text: str, folder: Path) -> Compiled | None:
    """Compile a policy or a template; none for a part that others include.

    Raises:
        PolicyError: it does not make sense.

    """
    if source.header is None:
        return None
    if not source.header.is_template:
        return compile_tree(source, sources=Folder(folder))
    name = source.header.name
    around = (Default(Action.ALLOW), OnError(Action.BLOCK), Use(name))
    tried = Source(Header(name), around, source.file)
    return replace(compile_tree(tried, sources=_Tried(folder, name, text)), source=source)


class _Tried(Folder):
    """The templates that come with the product, and before them one that is looked at."""

    def __init__(self, folder: Path, name: str, text: str) -> None:
        super().__init__(folder)
        self._name = name
        self._text = text

    def template(self, name: str) -> str:
        return self._text if name == self._name else super().template(name)
