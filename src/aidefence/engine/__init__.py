"""The compiled engine with names on it. The only room that sees the extension."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from aidefence.domain.decision import Record
from aidefence.domain.errors import ModelError, RuleError
from aidefence.engine import _native
from aidefence.engine.kernel import Judged, Theory, check_proof
from aidefence.engine.policies import PolicyAtom, PolicyMissed, PolicySet, PolicySets

__all__ = [
    "CATEGORY_NAMES",
    "DENSE_FEATURES",
    "FEATURE_NAMES",
    "MODEL_CATEGORIES",
    "Batch",
    "Dense",
    "DenseTerms",
    "Engine",
    "Form",
    "Judged",
    "Outcome",
    "PolicyAtom",
    "PolicyMissed",
    "PolicySet",
    "PolicySets",
    "Regex",
    "RuleInfo",
    "Scribe",
    "Stream",
    "Theory",
    "check_proof",
    "check_rule",
    "leaks",
    "make_terms",
    "normalize",
    "open_dense",
]

Batch = _native.Batch
Outcome: TypeAlias = Record
CATEGORY_NAMES: Final = tuple(_native.CATEGORIES)
FEATURE_NAMES: Final = tuple(_native.FEATURES)
DENSE_FEATURES: Final = tuple(_native.DENSE_FEATURES)
"""What the fusion of the dense model may weigh, beside the logit of each kind."""
MODEL_CATEGORIES: Final = 7
"""So many categories, from the first, are attacks on the model itself."""
Leak: TypeAlias = tuple[int, int, list[str], float, int | None, bool]
Dense = _native.Dense
DenseTerms = _native.DenseTerms
Regex = _native.Regex
"""A linear-time regex that must match a text from its start to its end."""
Form = _native.Form
"""Answers in which only a few values differ."""
Scribe = _native.Scribe
"""Writes records of a journal in which only a few values differ."""
Stream = _native.Stream


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a rule says of itself. `category` and `severity` are codes."""

    id: str
    title: str
    category: int
    severity: int
    confidence: float
    paranoia: int
    status: str
    entity: str | None
    languages: tuple[str, ...]
    tags: tuple[str, ...]
    path: str
    catch: tuple[str, ...]
    spare: tuple[str, ...]


class Engine:
    """Rules, a model and thresholds, ready to judge texts from any thread.

    `inspect`, `inspect_batch` and `confidences` are the native methods themselves: a wrapper would
    cost a tenth of the call.
    """

    __slots__ = ("_native", "confidences", "inspect", "inspect_batch", "inspect_without")

    def __init__(
        self,
        rules: Sequence[tuple[str, str]],
        model: bytes | None,
        *,
        flag: Sequence[float],
        block: Sequence[float],
        paranoia: int = 1,
        exclude: Sequence[tuple[str, str]] = (),
        user_rules: Sequence[tuple[str, str]] = (),
        dense: tuple[Dense, DenseTerms] | None = None,
        answers: tuple[Sequence[float], Sequence[float]] | None = None,
    ) -> None:
        """Compile rules and read a model; `dense` reads what these are not sure of.

        `answers` are the thresholds of flag and block for texts on their way out.

        Raises:
            RuleError: a rule file cannot be accepted; says file, line and column.
            ModelError: the model file cannot be used.

        """
        try:
            self._native = _native.Engine(
                rules,
                model,
                flag=flag,
                block=block,
                paranoia=paranoia,
                exclude=exclude,
                user_rules=user_rules,
                dense=dense,
                answers=answers,
            )
        except _native.RuleSyntaxError as error:
            raise _rule_error(error) from error
        except _native.ModelFormatError as error:
            raise ModelError(str(error)) from error
        self.inspect: Final = self._native.inspect
        self.inspect_batch: Final = self._native.inspect_batch
        self.confidences: Final = self._native.confidences
        # As if rules had not found some things: record and confidences.
        self.inspect_without: Final = self._native.inspect_without

    def stream(
        self,
        mode: str,
        *,
        blocked: bool,
        replaced: Iterable[int] = (),
        origin: int = 1,
        direction: int = 0,
        kept_bytes_max: int = 1 << 20,
    ) -> Stream:
        """Open a stream; what counts is what is flagged or, with `blocked`, what is blocked.

        Values of the categories `replaced` stop nothing.
        """
        bits = sum(1 << category for category in set(replaced))
        return Stream(
            self._native,
            mode=mode,
            blocked=blocked,
            replaced=bits,
            origin=origin,
            direction=direction,
            kept_bytes_max=kept_bytes_max,
        )

    def rules(self) -> tuple[RuleInfo, ...]:
        """Return all rules as written, also those not in force."""
        return tuple(
            RuleInfo(
                id=rule["id"],
                title=rule["title"],
                category=rule["category"],
                severity=rule["severity"],
                confidence=rule["confidence"],
                paranoia=rule["paranoia"],
                status=rule["status"],
                entity=rule["entity"],
                languages=tuple(rule["languages"]),
                tags=tuple(rule["tags"]),
                path=rule["path"],
                catch=tuple(rule["catch"]),
                spare=tuple(rule["spare"]),
            )
            for rule in self._native.rules()
        )

    def model_card(self) -> str:
        """Return the card inside the model file, as JSON."""
        return str(self._native.version()["model"])

    def features(self, texts: Iterable[str], origins: Sequence[int], direction: int = 0) -> bytes:
        """Return rows of features for fusion: little-endian f32, `len(FEATURE_NAMES)` a text."""
        return self._native.features(texts, origins, direction)


def open_dense(data: bytes) -> Dense:
    """Read the file of a dense model.

    Raises:
        ModelError: the file cannot be used.

    """
    try:
        return Dense(data)
    except _native.ModelFormatError as error:
        raise ModelError(str(error)) from error


def make_terms(
    *,
    band: tuple[float, float],
    bias: float,
    weights: Sequence[tuple[str, float]],
    calibration: Sequence[tuple[float, float]],
    scale: Sequence[tuple[float, float]],
    harm: tuple[float, float] | None = None,
) -> DenseTerms:
    """Say when a dense model is asked, and how its word is weighed.

    Raises:
        ModelError: the numbers do not hold together.

    """
    try:
        return DenseTerms(
            band=band,
            bias=bias,
            weights=weights,
            calibration=calibration,
            scale=scale,
            harm=harm,
        )
    except _native.ModelFormatError as error:
        raise ModelError(str(error)) from error


def check_rule(path: str, text: str) -> None:
    """Read one rule or lexicon file.

    Raises:
        RuleError: it cannot be accepted; says line, column and what was expected.

    """
    try:
        _native.check_rule(path, text)
    except _native.RuleSyntaxError as error:
        raise _rule_error(error) from error


def normalize(text: str) -> str:
    """Return a text the way detectors see it."""
    return _native.normalize(text)


def leaks(
    answer: str, system: str, said: Sequence[str], markers: Sequence[str]
) -> tuple[list[Leak], float, float, bool]:
    """Compare an answer with a system prompt and with markers; `said` is what it may repeat.

    Gives the places, the telling words of the prompt that were told and that could be, and whether
    a limit left something unread. A place is start, end, chain, weight, which marker, and whether
    the words stand in the order of the prompt.
    """
    return _native.leaks(answer, system, said, markers)


def _rule_error(error: _native.RuleSyntaxError) -> RuleError:
    return RuleError(error.path, error.line, error.column, error.expected, error.message)
