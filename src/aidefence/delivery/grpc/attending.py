"""What is seen of each call from outside: whoever writes lines or traces hangs in here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter_ns
from typing import TypeAlias

from aidefence.delivery.http.access_log import AccessLines
from aidefence.service.visit import VISIT, Visit


@dataclass(slots=True)
class Seen:
    """One call; what it came to is filled in when it ends."""

    path: str
    peer: str | None
    metadata: Mapping[str, str]
    """Words of the client, as headers are."""
    status: int = 200
    """As HTTP would have it."""
    code: int = 0
    """As gRPC has it."""


Attend: TypeAlias = Callable[[Seen], AbstractContextManager[None]]
"""Is there while a call is answered."""


@contextmanager
def attended(by: Sequence[Attend], seen: Seen) -> Iterator[None]:
    """Have all of them there."""
    with ExitStack() as stack:
        for attend in by:
            stack.enter_context(attend(seen))
        yield


def writing(lines: AccessLines) -> Attend:
    """Write a line about each call, as about each request over HTTP."""

    @contextmanager
    def attend(seen: Seen) -> Iterator[None]:
        visit, began_ns = Visit(), perf_counter_ns()
        # Each call has a context of its own: nothing is to be put back.
        VISIT.set(visit)
        try:
            yield
        finally:
            lines.tell("GRPC", seen.path, seen.status, seen.peer or "", visit, began_ns)

    return attend
