"""Markers for system prompts that can be told from all others by a key."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from hmac import compare_digest

from aidefence.domain.errors import SettingError

PREFIX = "aid-canary-"
KEY_BYTES_MIN = 16
_ID_LEN = 6
_TAG_LEN = 10
_LINE = "[{}]"


class Canaries:
    """Makes a marker for each name, always the same under one key, and knows its own again.

    A marker is 16 hexadecimal digits behind a prefix: six name it, ten prove it. Put it into a
    system prompt, a document or a tool's description; an answer that holds it, whole or in part,
    spaced out or in a code, has told what it should not.
    """

    __slots__ = ("_key", "_names")

    def __init__(self, key: bytes, names: Iterable[str] = ()) -> None:
        """Use a key of at least 16 bytes that stays the same; `names` are those issued before."""
        if len(key) < KEY_BYTES_MIN:
            raise SettingError("key", f"{len(key)} bytes are fewer than {KEY_BYTES_MIN}")
        self._key = bytes(key)
        self._names: dict[str, str] = {}
        for name in names:
            self.issue(name)

    def issue(self, name: str) -> str:
        """Give the marker of a name, such as a tenant's or a prompt's."""
        number = self._digest(b"name", name.encode("utf-8", "surrogatepass"), _ID_LEN)
        code = number + self._tag(number)
        self._names[code] = name
        return PREFIX + code

    def place(self, text: str, name: str) -> str:
        """Put the marker of a name below a text."""
        return f"{text.rstrip()}\n{_LINE.format(self.issue(name))}"

    def is_own(self, token: str) -> bool:
        """Tell whether a marker was made under this key, also by another process."""
        code = token.lower().removeprefix(PREFIX)
        if len(code) != _ID_LEN + _TAG_LEN:
            return False
        return compare_digest(self._tag(code[:_ID_LEN]).encode(), code[_ID_LEN:].encode())

    def name_of(self, code: str) -> str | None:
        """The name a marker was issued for here."""
        return self._names.get(code.lower().removeprefix(PREFIX))

    @property
    def codes(self) -> tuple[str, ...]:
        """What tells the issued markers apart: they without the prefix."""
        return tuple(self._names)

    def _tag(self, number: str) -> str:
        return self._digest(b"tag", number.encode("utf-8", "surrogatepass"), _TAG_LEN)

    def _digest(self, what: bytes, data: bytes, length: int) -> str:
        return blake2b(data, key=self._key[:64], person=what).hexdigest()[:length]

    def __repr__(self) -> str:
        return f"Canaries({len(self._names)} issued)"
