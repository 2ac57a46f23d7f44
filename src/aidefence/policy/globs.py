"""Patterns for texts: `*` is any run of characters, `?` any one, a backslash takes what follows."""

from __future__ import annotations

_ANY, _ONE = object(), object()


def fits(pattern: str, text: str) -> bool:
    """Whether a whole text fits a pattern, in capitals or not.

    The time is bounded by the product of both lengths, whatever the pattern.
    """
    parts = _parts(pattern.casefold())
    text = text.casefold()
    at = part = 0
    star = back = -1
    while at < len(text):
        if part < len(parts) and parts[part] is _ANY:
            star, back = part, at
            part += 1
        elif part < len(parts) and (parts[part] is _ONE or parts[part] == text[at]):
            part += 1
            at += 1
        elif star >= 0:
            # The last `*` takes one character more; those before it need never change.
            back += 1
            part, at = star + 1, back
        else:
            return False
    return all(it is _ANY for it in parts[part:])


def literal(text: str) -> str:
    """Write a text as a pattern that only it fits."""
    return "".join(f"\\{it}" if it in "*?\\" else it for it in text)


def _parts(pattern: str) -> list[object]:
    parts: list[object] = []
    signs = iter(pattern)
    for sign in signs:
        if sign == "\\":
            parts.append(next(signs, "\\"))
        elif sign == "*":
            parts.append(_ANY)
        else:
            parts.append(_ONE if sign == "?" else sign)
    return parts
