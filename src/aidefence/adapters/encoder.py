"""Tier 3: the multilingual encoder, run by onnxruntime. Needs `aidefence[deep]`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from aidefence.adapters.system import SystemClock
from aidefence.domain.errors import MissingExtraError, ModelError
from aidefence.domain.reading import EncoderLimits, EncoderReading
from aidefence.ports.clock import Clock

__all__ = [
    "EXTRA",
    "FEATURE",
    "EncoderLimits",
    "EncoderReading",
    "OnnxEncoder",
    "sentence_spans",
    "windows",
]

FEATURE = "the deep model"
EXTRA = "deep"
PACKAGES = ("onnxruntime", "tokenizers")
BEGIN, PAD, END = 0, 1, 2
# Columns of the output: is it an attack, does it ask for harm, then the kinds of attack.
ATTACK, HARM, KINDS = 0, 1, 2

_SENTENCE_END = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964]+[\"'\u201d\u300d)\]]*\s*|\n+"
)
_SENTENCE_TOKENS_MIN = 6
# Rows are read together down to this part of the longest of them.
_PADDED_LEAST = 0.8

Logits = NDArray[np.float32]


class OnnxEncoder:
    """Reads whole texts by windows and by sentences. Safe to share between threads."""

    __slots__ = ("_limits", "_now_ns", "_session", "_tokenizer")

    def __init__(
        self,
        model: Path,
        tokenizer: Path,
        *,
        threads: int = 1,
        limits: EncoderLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Load both files.

        Raises:
            MissingExtraError: where onnxruntime or tokenizers are not installed.
            ModelError: where a file is missing or not what it should be.

        """
        runtime, tokenizers = map(_extra, PACKAGES)
        self._limits = limits or EncoderLimits()
        self._now_ns = (clock or SystemClock()).monotonic_ns
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

    def read(
        self, text: str, *, sentences: bool = True, deadline_ns: int | None = None
    ) -> EncoderReading:
        """Read one text, however long; `cut_short` says when there was more than the limits let.

        Sentences are read after all windows. After `deadline_ns` no further rows are begun.
        """
        ids, offsets, cut_text = self._tokens(text)
        spans, cut_windows = windows(len(ids), self._limits)
        window_count = len(spans)
        if sentences:
            spans += sentence_spans(text, offsets, self._limits)
        rows = [[BEGIN, *ids[start:end], END] for start, end in spans]
        found = self._run(rows, window_count, deadline_ns)
        # In the order of the text: of two that are as loud, the first one speaks.
        read = sorted(found)
        logits = np.stack([found[at] for at in read])
        attack = logits[:, ATTACK]
        best = int(attack.argmax())
        start, end = spans[read[best]]
        by_windows = [float(found[at][ATTACK]) for at in read if at < window_count]
        by_sentences = [float(found[at][ATTACK]) for at in read if at >= window_count]
        window_logit = max(by_windows, default=float(attack[best]))
        return EncoderReading(
            attack_logit=float(attack[best]),
            window_logit=window_logit,
            sentence_logit=max(by_sentences, default=window_logit),
            harm_logit=float(logits[:, HARM].max()),
            kind_logits=tuple(float(value) for value in logits[best, KINDS:]),
            start=offsets[start][0] if ids else 0,
            end=offsets[end - 1][1] if ids else 0,
            runs=len(read),
            cut_short=cut_text or cut_windows or len(read) < len(spans),
        )

    def warm(self) -> None:
        """Run once: the first run also lays out memory."""
        self.read("warm")

    def logits(self, rows: Sequence[list[int]]) -> Logits:
        """One row of logits for each row of ids; rows of like length are run together."""
        found = self._run(rows, len(rows), None)
        return np.stack([found[at] for at in range(len(rows))])

    def _run(
        self, rows: Sequence[list[int]], window_count: int, deadline_ns: int | None
    ) -> dict[int, Logits]:
        """Logits by row. Windows come first: they cover the whole text, should time run out."""
        found: dict[int, Logits] = {}
        for part in self._runs(rows, range(window_count)) + self._runs(
            rows, range(window_count, len(rows))
        ):
            if found and deadline_ns is not None and self._now_ns() >= deadline_ns:
                break
            ids, mask = _matrix([rows[row] for row in part])
            (answer,) = self._session.run(None, {"ids": ids, "mask": mask})
            found.update(zip(part, answer, strict=True))
        return found

    def _runs(self, rows: Sequence[list[int]], chosen: range) -> list[list[int]]:
        """Rows that are read at once: of like length, for what pads a row costs as much as text."""
        runs: list[list[int]] = []
        room = 0
        for at in sorted(chosen, key=lambda row: len(rows[row]), reverse=True):
            if not runs or len(runs[-1]) == self._limits.rows_max or len(rows[at]) < room:
                runs.append([])
                room = int(len(rows[at]) * _PADDED_LEAST)
            runs[-1].append(at)
        return runs

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
