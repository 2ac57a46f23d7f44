"""What runs beside the answers while a worker serves: tasks, listeners, threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeAlias

Begin: TypeAlias = Callable[[], AbstractAsyncContextManager[object]]


class Running:
    """Begun in order when a worker starts, ended in reverse when its last request is answered."""

    __slots__ = ("_begins",)

    def __init__(self) -> None:
        self._begins: list[Begin] = []

    def add(self, begin: Begin) -> None:
        """Have something run, too."""
        self._begins.append(begin)

    @asynccontextmanager
    async def all(self) -> AsyncIterator[None]:
        """Hold everything open."""
        async with AsyncExitStack() as stack:
            for begin in self._begins:
                await stack.enter_async_context(begin())
            yield
