"""One text of an answer that is still coming in: read along, held back, put right, let go."""

from __future__ import annotations

from collections.abc import Callable

from aidefence.domain.enums import Category
from aidefence.domain.streaming import StreamEnd
from aidefence.respond.restoring import Restorer
from aidefence.service.guarding import TextStream

# So many code points come in before it is asked again whether they give something away.
_STEP = 96
_WINDOW = 4_096
_KEPT_MAX = 1 << 20


class StoppedError(Exception):
    """Something in an answer must not go on; `category` says what it was.

    `rules` name what said so, where it was a rule of a policy.
    """

    def __init__(self, category: Category | None, rules: tuple[str, ...] = ()) -> None:
        super().__init__(category.value if category else "policy")
        self.category = category
        self.rules = rules


class Lane:
    """One text. Used by one task at a time."""

    __slots__ = ("_done", "_gives_away", "_new", "_pieces", "_restorer", "_size", "_stream")

    def __init__(
        self,
        stream: TextStream,
        restorer: Restorer | None,
        gives_away: Callable[[str], bool] | None,
    ) -> None:
        self._stream = stream
        self._restorer = restorer
        self._gives_away = gives_away
        self._pieces: list[str] = []
        self._size = 0
        self._new = 0
        self._done = False

    @property
    def said(self) -> str:
        """What has come in, as far as it is kept."""
        return "".join(self._pieces)

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._done

    def feed(self, text: str) -> str:
        """Take the next piece; gives what may go on.

        Raises:
            StoppedError: nothing of it may go on any more.

        """
        if self._size < _KEPT_MAX:
            self._pieces.append(text)
        self._size += len(text)
        released = self._stream.feed(text)
        if released.stopped:
            category = released.findings[0].category if released.findings else None
            raise StoppedError(category)
        if self._gives_away is not None:
            self._new += len(text)
            if self._new >= _STEP:
                self._check_leak()
        return self.restored(released.text)

    def finish(self) -> tuple[str, StreamEnd]:
        """End it: the rest as it came, and how it ended."""
        self._done = True
        end = self._stream.finish()
        return end.text, end

    def restored(self, text: str, *, last: bool = False) -> str:
        """Put private values back in what goes on."""
        if self._restorer is None:
            return text
        told = self._restorer.feed(text) if text else ""
        return told + self._restorer.finish() if last else told

    def close(self) -> None:
        """Let go of it; what was held back never goes on."""
        if not self._done:
            self._done = True
            self._stream.close()

    def _check_leak(self) -> None:
        window = self.said[-(_WINDOW + self._new) :]
        self._new = 0
        if self._gives_away is not None and self._gives_away(window):
            raise StoppedError(Category.CANARY_LEAK)
