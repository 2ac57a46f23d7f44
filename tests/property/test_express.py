"""What is written without objects is what is written with them."""

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from aidefence.adapters.journal.bodies import BODY_VERSION, FIELDS, encode, read_body
from aidefence.adapters.journal.frames import MARK, pack_frame
from aidefence.engine import Form, Scribe

_OPENING = encode((BODY_VERSION, *[None] * (FIELDS - 1)))[: 1 - FIELDS]
_NUMBERS = st.one_of(st.integers(0, 1 << 64), st.integers(0, 300), st.integers(0, 1 << 33)).filter(
    lambda it: it < 1 << 64
)
_TIERS = st.integers(0, 31)
_FLOATS = st.floats(0, 1, width=32)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(_TIERS, st.text("abcdef0123456789_"), _NUMBERS, _FLOATS, _NUMBERS)
def test_numbers_in_answers(
    tiers: int, name: str, elapsed_ns: int, confidence: float, engine_ns: int
) -> None:
    form = Form([(tiers, ('{"a":', ',"b":', ',"%c":', ",", "}"))])
    elapsed, engine = elapsed_ns / 1_000_000, engine_ns / 1000
    told = f'{{"a":"{name}","b":{elapsed:.3f},"%c":{confidence:.6f},{engine:.3f}}}'
    assert form.fill(tiers, name, elapsed_ns, confidence, engine_ns) == told.encode()


@given(_TEXTS, _TEXTS, st.binary(min_size=1, max_size=64), _NUMBERS, _FLOATS, _NUMBERS, _TIERS)
def test_records(
    name: str, text: str, key: bytes, at_ms: int, confidence: float, elapsed_ns: int, tiers: int
) -> None:
    scribe = Scribe(MARK, _OPENING, key)
    whose, version, rest = ("rest", "n", "key:a", "t", 0, False, 0, True, -1, 0), "p-1", ([()], ())
    names = (None, None, "192.0.2.1")
    around = tuple(b"".join(map(encode, it)) for it in (whose, (version,), (*rest, *names)))
    data = text.encode()
    digest = blake2b(b"%d:" % len(data) + data, digest_size=16, key=key).digest()
    times = (confidence, elapsed_ns, tiers)
    body = encode((BODY_VERSION, name, at_ms, *whose, *times, version, digest, *rest, *names))
    written = scribe.record(name, text, at_ms, around, tiers, confidence, elapsed_ns)  # type: ignore[arg-type]
    assert written == pack_frame(body)
    if at_ms < 1 << 63 and elapsed_ns < 1 << 63:
        assert read_body(body).digest == digest
