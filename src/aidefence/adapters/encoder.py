"""Tier 3: the multilingual encoder, run by onnxruntime. Needs `aidefence[deep]`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from aidefence.domain.errors import MissingExtraError, ModelError

FEATURE = "the deep model"
EXTRA = "deep"
BEGIN, PAD, END = 0, 1, 2
# Columns of the output: is it an attack, does it ask for harm, then the kinds of attack.
ATTACK, HARM, KINDS = 0, 1, 2

_SENTENCE_END = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964]+[\"'\u201d\u300d)\]]*\s*|\n+"
)
_SENTENCE_TOKENS_MIN = 6

Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncoderLimits:
    """How much of one text is read, and in what steps."""

    characters_max: int = 200_000
    window_tokens: int = 126
    stride_tokens: int = 96
    windows_max: int = 96
    sentences_max: int = 24
    rows_max: int = 8


@dataclass(frozen=True, slots=True)
class EncoderReading:
    """What the encoder says of one text: logits of its strongest window and sentence."""

    attack_logit: float
    window_logit: float
    sentence_logit: float
    harm_logit: float
    kind_logits: tuple[float, ...] = field(repr=False)
    start: int
    end: int
    runs: int
    cut_short: bool

    @property
    def attack(self) -> float:
        """The raw score, between zero and one; not yet calibrated."""
        return _sigmoid(self.attack_logit)

    @property
    def harm(self) -> float:
        """The raw score of asking for something harmful, whoever is asked."""
        return _sigmoid(self.harm_logit)


class OnnxEncoder:
    """Reads whole texts by windows and by sentences. Safe to share between threads."""

    __slots__ = ("_limits", "_session", "_tokenizer")

    def __init__(
        self,
        model: Path,
        tokenizer: Path,
        *,
        threads: int = 1,
        limits: EncoderLimits | None = None,
    ) -> None:
        """Load both files.

        Raises:
            MissingExtraError: where onnxruntime or tokenizers are not installed.
            ModelError: where a file is missing or not what it should be.

        """
        runtime, tokenizers = _extra("onnxruntime"), _extra("tokenizers")
        self._limits = limits or EncoderLimits()
        for path in (model, tokenizer):
            if not path.is_file():
                raise ModelError(f"no file `{path.name}` of the deep model")
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
            self._session = runtime.InferenceSession(
                str(model), _options(runtime, threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(f"`{model.name}` or `{tokenizer.name}` cannot be read") from error
        if {part.name for part in self._session.get_inputs()} != {"ids", "mask"}:
            raise ModelError(f"`{model.name}` does not take ids and a mask")

    def read(self, text: str, *, sentences: bool = True) -> EncoderReading:
        """Read one text, however long; `cut_short` says when there was more than the limits let."""
        ids, offsets, cut_text = self._tokens(text)
        spans, cut_windows = windows(len(ids), self._limits)
        window_count = len(spans)
        if sentences:
            spans += sentence_spans(text, offsets, self._limits)
        logits = self.logits([[BEGIN, *ids[start:end], END] for start, end in spans])
        attack = logits[:, ATTACK]
        best = int(attack.argmax())
        start, end = spans[best]
        window_logit = float(attack[:window_count].max())
        return EncoderReading(
            attack_logit=float(attack[best]),
            window_logit=window_logit,
            sentence_logit=float(attack[window_count:].max(initial=-math.inf))
            if len(spans) > window_count
            else window_logit,
            harm_logit=float(logits[:, HARM].max()),
            kind_logits=tuple(float(value) for value in logits[best, KINDS:]),
            start=offsets[start][0] if ids else 0,
            end=offsets[end - 1][1] if ids else 0,
            runs=len(spans),
            cut_short=cut_text or cut_windows,
        )

    def logits(self, rows: Sequence[list[int]]) -> Logits:
        """One row of logits for each row of ids; rows of like length are run together."""
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        found: dict[int, Logits] = {}
        for at in range(0, len(order), self._limits.rows_max):
            part = order[at : at + self._limits.rows_max]
            ids, mask = _matrix([rows[row] for row in part])
            (answer,) = self._session.run(None, {"ids": ids, "mask": mask})
            found.update(zip(part, answer, strict=True))
        return np.stack([found[at] for at in range(len(rows))])

    def _tokens(self, text: str) -> tuple[list[int], list[tuple[int, int]], bool]:
        # A lone surrogate has no UTF-8; it becomes one question mark, so places stay the same.
        usable = text[: self._limits.characters_max].encode("utf-8", "replace").decode()
        encoding = self._tokenizer.encode(usable, add_special_tokens=False)
        return encoding.ids, encoding.offsets, len(text) > self._limits.characters_max


def windows(length: int, limits: EncoderLimits) -> tuple[list[tuple[int, int]], bool]:
    """Stretches of tokens that cover a text; True when even the widest steps leave gaps."""
    width = limits.window_tokens
    if length <= width:
        return [(0, length)], False
    last = length - width
    steps = math.ceil(last / limits.stride_tokens)
    # Steps widen before anything is left out.
    steps = min(steps, limits.windows_max - 1)
    starts = [round(last * at / steps) for at in range(steps + 1)] if steps else [0]
    return [(start, start + width) for start in starts], last > steps * width


def sentence_spans(
    text: str, offsets: Sequence[tuple[int, int]], limits: EncoderLimits
) -> list[tuple[int, int]]:
    """Stretches of tokens that are sentences; none when the text is one sentence.

    Very short ones join the next, and where there are too many all are joined in groups.
    """
    if not offsets:
        return []
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, offsets[-1][1])]
    cuts: list[int] = []
    token = 0
    for end in ends:
        while token < len(offsets) and offsets[token][1] <= end:
            token += 1
        if token - (cuts[-1] if cuts else 0) >= _SENTENCE_TOKENS_MIN:
            cuts.append(token)
    if len(offsets) - (cuts[-1] if cuts else 0) >= _SENTENCE_TOKENS_MIN:
        cuts.append(len(offsets))
    elif cuts:
        cuts[-1] = len(offsets)
    group = max(1, math.ceil(len(cuts) / limits.sentences_max))
    cuts = cuts[group - 1 : -1 : group]
    if not cuts:
        return []
    cuts.append(len(offsets))
    spans = zip([0, *cuts[:-1]], cuts, strict=True)
    # What is longer than a window has been read by windows.
    return [(start, end) for start, end in spans if end - start <= limits.window_tokens]


def _matrix(rows: Sequence[list[int]]) -> tuple[NDArray[np.int64], Logits]:
    length = max(map(len, rows))
    ids = np.full((len(rows), length), PAD, np.int64)
    mask = np.zeros((len(rows), length), np.float32)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1.0
    return ids, mask


def _options(runtime: ModuleType, threads: int) -> object:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads sleep: a gateway shares its cores with the rest of the service.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _extra(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(FEATURE, EXTRA) from error


def _sigmoid(logit: float) -> float:
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    odds = math.exp(logit)
    return odds / (1 + odds)
