"""What a caller asks of sanitising, checked once; the calls behind the guard's doors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aidefence.adapters.cipher import AesGcm
from aidefence.adapters.system import fresh_word
from aidefence.domain.enums import CATEGORIES, Category, Direction, Wrap
from aidefence.domain.errors import ContentError, LimitError, SettingError
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.sanitising import (
    KEY_BYTES_MIN,
    TEXT_CODE_POINTS_MAX,
    Operator,
    Treatment,
    Wanted,
)
from aidefence.pipeline.corridor import Corridor
from aidefence.respond import operators
from aidefence.respond.neutralize import neutralize_text
from aidefence.respond.wrapping import wrap_text
from aidefence.service.locating import Locator

PRIVATE = (Category.PII, Category.SECRET)


def make_wanted(
    corridor: Corridor,
    *,
    categories: Iterable[Category | str] = PRIVATE,
    entities: Iterable[str] | None = None,
    operators: Mapping[str, str] | None = None,
    default: str = Operator.REPLACE,
    key: bytes | None = None,
    min_score: float | None = None,
) -> Wanted:
    """Check what a caller asks for; raises `SettingError` naming what is wrong."""
    known = {*CATEGORIES, *corridor.charter.entities.values()}
    treatments = {
        _known(name, known, "operators"): Treatment.parse(given)
        for name, given in (operators or {}).items()
    }
    wanted = Wanted(
        categories=frozenset(_category(it) for it in categories),
        entities=None
        if entities is None
        else frozenset(_known(it, known, "entities") for it in entities),
        min_score=min_score,
        default=Treatment.parse(default),
        operators=treatments,
        key=key,
    )
    used = [it.operator for it in (wanted.default, *treatments.values())]
    if any(it.needs_key for it in used):
        check_key(key)
    return wanted


def make_locator(corridor: Corridor, origin: int, direction: int) -> Locator:
    """Build what finds values in texts of one origin and direction."""
    policy = corridor.charter.policy
    is_answer = direction == Direction.OUTPUT.code
    thresholds = policy.of_answers().thresholds if is_answer else policy.thresholds
    flags = {it: thresholds[it.code].flag for it in Category}
    return Locator(lambda text: corridor.evidence(text, origin, direction), flags)


def redact(text: str, locator: Locator, wanted: Wanted) -> Rewrite:
    """Find all values and put something else in their place."""
    check_text(text)
    used = {it.operator for it in (wanted.default, *wanted.operators.values())}
    cipher = AesGcm() if Operator.ENCRYPT in used else None
    found, missed = locator.locate(text, wanted)
    done = operators.treat(text, found, wanted, cipher)
    return Rewrite(done.text, done.changes, missed)


def unseal(text: str, key: bytes) -> Rewrite:
    """Put back the values that `encrypt` sealed."""
    check_text(text)
    return operators.unseal(text, check_key(key), AesGcm())


def neutralize(
    text: str, *, decode: bool, markup: bool, hosts: Iterable[str], wrap: Wrap | str | None
) -> Rewrite:
    """Make a text harmless, and wrap it if asked."""
    check_text(text)
    if isinstance(hosts, str):
        raise SettingError("hosts", "one name: expected a list of them")
    done = neutralize_text(text, decode=decode, markup=markup, hosts=tuple(hosts))
    if wrap is None:
        return done
    try:
        how = Wrap(wrap)
    except ValueError:
        raise SettingError("wrap", f"`{wrap}` is unknown: expected {', '.join(Wrap)}") from None
    return done.then(wrap_text(done.text, how, boundary=fresh_word(done.text)))


def check_text(text: object) -> None:
    """Refuse what is no text, or too long for one call."""
    if not isinstance(text, str):
        raise ContentError(f"cannot rewrite a `{type(text).__name__}`: expected text")
    if len(text) > TEXT_CODE_POINTS_MAX:
        raise LimitError("code points of one text", len(text), TEXT_CODE_POINTS_MAX)


def check_key(key: bytes | None) -> bytes:
    """Refuse a key that is missing or short enough to be guessed."""
    if not isinstance(key, bytes):
        raise SettingError("key", "hash, encrypt and synthetic need a key, as bytes")
    if len(key) < KEY_BYTES_MIN:
        raise SettingError("key", f"{len(key)} bytes can be guessed: at least {KEY_BYTES_MIN}")
    return key


def _category(given: Category | str) -> Category:
    try:
        return Category(given)
    except ValueError:
        raise SettingError("categories", f"`{given}` is no category") from None


def _known(given: str, known: set[str], setting: str) -> str:
    # A name with a slip would leave in the text what somebody wanted out of it.
    name = given.lower()
    if name not in known:
        raise SettingError(setting, f"no rule finds `{given}`")
    return name
