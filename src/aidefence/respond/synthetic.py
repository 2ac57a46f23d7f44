"""Another value of the same shape: who has the key gets the same one for the same value."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from hashlib import sha256

_TRIES_MAX = 16
_LUHN_DIGITS = range(12, 20)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_EMAIL = re.compile(r"([^@\s]{1,64})@([^@\s]+)")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
# Names and networks that are set aside for documentation belong to nobody.
_MAIL_DOMAINS = ("example.com", "example.net", "example.org")
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_IDEOGRAPHS = range(0x4E00, 0x9000)
_SYLLABLES = range(0xAC00, 0xD7A4)


def synthesise(value: str, entity: str, key: bytes) -> str:
    """Make up another value of the same shape, with right check digits where the old one had."""
    for attempt in range(_TRIES_MAX):
        dice = _Dice(key, f"{entity}\0{attempt}\0{value}")
        made = _make(value, dice)
        if made != value:
            return made
    # Nothing in it that could be another: punctuation alone.
    return "*" * len(value)


def luhn_holds(value: str) -> bool:
    """Whether a number carries the check digit of ISO/IEC 7812-1."""
    digits = [int(it) for it in value if it in "0123456789"]
    return len(digits) in _LUHN_DIGITS and _luhn_sum(digits) % 10 == 0


def iban_holds(value: str) -> bool:
    """Whether an account number carries the check digits of ISO 13616."""
    packed = re.sub(r"[\s-]", "", value).upper()
    return _IBAN.fullmatch(packed) is not None and _iban_rest(packed) == 1


class _Dice:
    """A stream of numbers that only key and value decide."""

    def __init__(self, key: bytes, seed: str) -> None:
        self._stream = self._bytes(key, seed.encode("utf-8", "surrogatepass"))

    @staticmethod
    def _bytes(key: bytes, seed: bytes) -> Iterator[int]:
        block = 0
        while True:
            yield from hmac.digest(key, b"synthetic\0%d\0%b" % (block, seed), sha256)
            block += 1

    def below(self, limit: int) -> int:
        number = next(self._stream) << 16 | next(self._stream) << 8 | next(self._stream)
        return number % limit


def _make(value: str, dice: _Dice) -> str:
    mail = _EMAIL.fullmatch(value)
    if mail is not None:
        return f"{_scramble(mail[1], dice)}@{_MAIL_DOMAINS[dice.below(3)]}"
    if _IPV4.fullmatch(value):
        return f"{_NETWORKS[dice.below(3)]}.{1 + dice.below(254)}"
    if iban_holds(value):
        return _iban(value, dice)
    if luhn_holds(value):
        return _luhn(value, dice)
    if value.startswith("+"):
        # The country stays: without it a number is none.
        return value[:3] + _scramble(value[3:], dice)
    return _scramble(value, dice)


def _scramble(value: str, dice: _Dice) -> str:
    return "".join(_other(character, dice) for character in value)


def _other(character: str, dice: _Dice) -> str:
    if character.isdecimal():
        return chr(ord("0") + dice.below(10))
    if ord(character) in _IDEOGRAPHS:
        return chr(_IDEOGRAPHS.start + dice.below(len(_IDEOGRAPHS)))
    if ord(character) in _SYLLABLES:
        return chr(_SYLLABLES.start + dice.below(len(_SYLLABLES)))
    if character.isupper():
        return chr(ord("A") + dice.below(26))
    if character.isalpha():
        return chr(ord("a") + dice.below(26))
    return character


def _luhn(value: str, dice: _Dice) -> str:
    # The first digit names the kind of card.
    kept = next(at for at, it in enumerate(value) if it.isdecimal()) + 1
    made = list(value[:kept] + _scramble(value[kept:], dice))
    places = [at for at, it in enumerate(made) if it in "0123456789"]
    made[places[-1]] = "0"
    rest = _luhn_sum([int(made[at]) for at in places]) % 10
    made[places[-1]] = str((10 - rest) % 10)
    return "".join(made)


def _luhn_sum(digits: list[int]) -> int:
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if at % 2 else digit
        total += doubled // 10 + doubled % 10
    return total


def _iban(value: str, dice: _Dice) -> str:
    places = [at for at, it in enumerate(value) if it.isalnum()]
    body = places[4:]
    made = list(value)
    for at in body:
        made[at] = _other(made[at], dice)
    made[places[2]] = made[places[3]] = "0"
    check = 98 - _iban_rest("".join(made[at] for at in places).upper())
    made[places[2]], made[places[3]] = str(check // 10), str(check % 10)
    return "".join(made)


def _iban_rest(packed: str) -> int:
    moved = packed[4:] + packed[:4]
    return int("".join(str(int(it, 36)) for it in moved)) % 97
