"""An encoder that costs nothing until it is needed."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from aidefence.domain.reading import EncoderReading
from aidefence.ports.encoder import Encoder


class DeferredEncoder:
    """Loads an encoder when it is first needed; what went wrong then, it says again each time."""

    __slots__ = ("_encoder", "_failure", "_load", "_loading")

    def __init__(self, load: Callable[[], Encoder]) -> None:
        self._load = load
        self._loading = Lock()
        self._encoder: Encoder | None = None
        self._failure: Exception | None = None

    def read(self, text: str, *, deadline_ns: int | None = None) -> EncoderReading:
        """Read one text."""
        return (self._encoder or self._loaded()).read(text, deadline_ns=deadline_ns)

    @property
    def failed(self) -> bool:
        """Whether it could not be loaded."""
        return self._failure is not None

    def warm(self) -> None:
        """Load now."""
        self._loaded().warm()

    def _loaded(self) -> Encoder:
        with self._loading:
            if self._failure is not None:
                # Without the way it took before: that would grow with every call.
                raise self._failure.with_traceback(None)
            if self._encoder is None:
                try:
                    self._encoder = self._load()
                except Exception as error:
                    self._failure = error
                    raise
            return self._encoder
