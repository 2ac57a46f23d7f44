"""Keys of every provider: whether each is found, how fast, and what is taken for one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from aidefence import Category, Guard
from aidefence.service.benchmark import time_rounds
from bench.payloads import EVERYDAY
from bench.record import ROOT, Outcome
from bench.secret_shapes import Shape, fill, shapes

_SEED = 20261123
_DRAWS = 50
_TEXT_LEN = 100
_TEXTS = 20_000
_ROUNDS = 11
_QUIET_LINES = 10_000
_LINE_LEN_MIN = 8
# What people write around a key, and what else fills a text.
_FILLER = (
    " and then we looked at the list of open questions from the last meeting" + " of the team" * 4
)


def measure() -> Outcome:
    """Look for keys drawn by chance, time texts with and without one, and read quiet lines."""
    # The models have no word on keys.
    guard = Guard(dense="off", deep="off")
    drawn = measure_found(guard, shapes())
    loud = quiet_hits(guard)
    timed = {name: _per_second(guard, texts) for name, texts in _timed_texts().items()}
    return Outcome(
        payload=f"{drawn.kinds} shapes of {drawn.entities} kinds of keys, {_DRAWS} drawn of each; "
        f"{_TEXTS} texts of {_TEXT_LEN} characters; {_QUIET_LINES} lines of prose, lock files, "
        "hashes and ids",
        repetitions=_ROUNDS,
        results={
            "found": round(1 - len(drawn.missed) / drawn.texts, 6),
            "shapes_missed": len({shape for shape, _ in drawn.missed}),
            "quiet_hits": loud,
            "per_second": timed["half"],
            "per_second_with": timed["with"],
            "per_second_without": timed["without"],
        },
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the keys that were drawn."""

    kinds: int
    entities: int
    texts: int
    missed: tuple[tuple[str, str], ...]
    """Kind and text of each that was not found where it stands."""


def measure_found(guard: Guard, kinds: tuple[Shape, ...], seed: int = _SEED) -> Found:
    """Draw keys of each kind and look for each, under its name and exactly where it stands."""
    dice = Random(seed)
    missed = []
    for kind in kinds:
        for _ in range(_DRAWS):
            text, start, end = kind.text(dice)
            findings = guard.inspect(text).findings
            places = {(it.entity, it.span.start, it.span.end) for it in findings}
            if (kind.entity, start, end) not in places:
                missed.append((kind.entity, text))
    names = {kind.entity for kind in kinds}
    return Found(len(kinds), len(names), len(kinds) * _DRAWS, tuple(missed))


def quiet_hits(guard: Guard) -> int:
    """Return in how many lines without a key one is found."""
    return len(loud_lines(guard, quiet_lines()))


def loud_lines(guard: Guard, lines: list[str]) -> list[str]:
    """Return the lines in which a key is found."""
    return [
        line
        for line in lines
        if any(it.category is Category.SECRET for it in guard.inspect(line).findings)
    ]


def quiet_lines() -> list[str]:
    """Return our own prose and lock files, and lines such as lock files and logs hold."""
    dice = Random(_SEED)
    lines = []
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *_texts("bench/texts/*.txt")]
    for path in (ROOT / "Cargo.lock", ROOT / "constraints.txt", ROOT / "pyproject.toml", *pages):
        lines += path.read_text("utf-8").splitlines()
    lines = [line for line in lines if len(line) >= _LINE_LEN_MIN]
    dice.shuffle(lines)
    lines = lines[: _QUIET_LINES // 2]
    while len(lines) < _QUIET_LINES:
        lines.append(fill(dice.choice(_QUIET_FORMS), dice))
    return lines


def _texts(pattern: str) -> list[Path]:
    # The shapes of keys are no prose.
    return [path for path in ROOT.glob(pattern) if path.name != "secrets.txt"]


_QUIET_FORMS = (
    '      "integrity": "sha512-{b64:86}==",',
    '      "integrity": "sha1-{b64:27}=",',
    '      "resolved": "https://registry.invalid/{low:8}/-/{low:8}-1.{dig:1}.{dig:2}.tgz",',
    "  version: 2.{dig:1}.{dig:1}, checksum: 10/{hex:128}",
    'checksum = "{hex:64}"',
    "example.invalid/{low:6}/{low:9} v0.{dig:1}.{dig:1} h1:{b64:43}=",
    "example.invalid/{low:6}/{low:9} v0.{dig:1}.{dig:1}/go.mod h1:{b64:43}=",
    "    --hash=sha256:{hex:64} \\",
    '    {{file = "{low:7}-{dig:1}.{dig:1}-py3-none-any.whl", hash = "sha256:{hex:64}"}},',
    "commit {hex:40}",
    "{hex:40} refs/heads/{low:9}",
    "request {uuid} took {dig:3} ms",
    "trace_id={hex:32} span_id={hex:16}",
    "md5({low:6}.bin) = {hex:32}",
    "image: registry.invalid/{low:6}@sha256:{hex:64}",
    '<script src="/static/app.{hex:20}.js" nonce="{b64:22}==" integrity="sha384-{b64:64}">',
    "data:image/png;base64,{b64:160}",
    'etag: W/"{hex:32}"',
    "order {up:4}-{dig:6}-{up:3} of {dig:4}-{dig:2}-{dig:2} was shipped",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b64:43} me@host",
    "SHA256:{b64:43} host.invalid (ED25519)",
    "session {uuid} closed, key {dig:5} of {dig:6}",
    "build-{dig:8}-{hex:8} passed, token count {dig:4}",
    "API_KEY=your_api_key_{dig:4}",
    "OPENAI_API_KEY=sk-...",
    "token: ${{TOKEN_{up:4}}}",
    "key = os.environ['{up:8}_KEY']",
)


def _timed_texts() -> dict[str, list[str]]:
    """Return texts of one size: all with a key, none with one, and every other one."""
    dice = Random(_SEED)
    kinds = shapes()
    loud: list[str] = []
    while len(loud) < _TEXTS:
        text, _, _ = dice.choice(kinds).text(dice)
        if len(text) <= _TEXT_LEN:
            loud.append((text + _FILLER)[:_TEXT_LEN])
    prompts = EVERYDAY.texts(_TEXT_LEN, _TEXTS)
    plain = [(prompt + _FILLER)[:_TEXT_LEN] for prompt in prompts]
    half = [loud[at] if at % 2 else plain[at] for at in range(_TEXTS)]
    return {"with": loud, "without": plain, "half": half}


def _per_second(guard: Guard, texts: list[str]) -> int:
    def run(batch: Sequence[str]) -> object:
        return guard.inspect_batch(batch, threads=1).columns()

    timed = time_rounds(run, texts, rounds=_ROUNDS, now_ns=time.perf_counter_ns)
    return round(timed.texts_per_second)
