"""Profiles: for every category, the confidence at which we flag and at which we block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aidefence.domain.enums import CATEGORIES, Category, Profile
from aidefence.domain.errors import SettingError

NEVER = 2.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """Confidence from which a category is flagged, and from which it is blocked."""

    flag: float
    block: float = NEVER


@dataclass(frozen=True, slots=True)
class Anchors:
    """The model's calibrated confidence at fixed false-positive rates."""

    fpr_5: float
    fpr_1: float
    fpr_02: float


@dataclass(frozen=True, slots=True)
class Policy:
    """A profile made concrete."""

    profile: Profile
    thresholds: tuple[Threshold, ...]
    answers: tuple[Threshold, ...] = ()

    def of_answers(self) -> Policy:
        """The same policy for texts on their way out."""
        return Policy(self.profile, self.answers, self.answers) if self.answers else self

    @property
    def enforced(self) -> bool:
        """Whether actions are applied; an observing policy only tells."""
        return self.profile is not Profile.OBSERVE

    @property
    def flag(self) -> list[float]:
        """Flag thresholds in category order."""
        return [threshold.flag for threshold in self.thresholds]

    @property
    def block(self) -> list[float]:
        """Block thresholds in category order."""
        return [threshold.block for threshold in self.thresholds]


def make_policy(
    profile: Profile,
    anchors: Anchors,
    overrides: Mapping[Category, Threshold],
    answer_overrides: Mapping[Category, Threshold] | None = None,
) -> Policy:
    """Lay a profile over the model's anchors; what the operator sets himself wins.

    `overrides` hold in both directions, `answer_overrides` for answers only.
    """
    for setting, given in (
        ("thresholds", overrides),
        ("answer_thresholds", answer_overrides or {}),
    ):
        for category, threshold in given.items():
            _check(f"{setting}.{category.value}", threshold)
    table = {**_learned(profile, anchors), **_BY_RULES[profile], **overrides}
    own = {**overrides, **(answer_overrides or {})}
    answers = {**table, **_of_answers(profile, anchors), **own}
    return Policy(
        profile,
        tuple(table[category] for category in CATEGORIES),
        tuple(answers[category] for category in CATEGORIES),
    )


def _of_answers(profile: Profile, anchors: Anchors) -> dict[Category, Threshold]:
    """Where an answer is judged otherwise than a question.

    Nobody attacks a model by its own answer: one that explains, quotes or teaches an attack is
    ordinary, so only what is as good as certain is told. What it would carry off is another matter.
    """
    if profile is Profile.STRICT:
        threshold = Threshold(flag=anchors.fpr_1, block=max(anchors.fpr_02, anchors.fpr_1))
        harmful, leak = Threshold(flag=0.8, block=0.95), Threshold(flag=0.4, block=0.5)
    else:
        threshold = Threshold(flag=anchors.fpr_02)
        harmful = Threshold(flag=0.9)
        leak = Threshold(flag=0.5) if profile is Profile.OBSERVE else Threshold(0.5, 0.8)
    spoken_of = set(_LEARNED) - {Category.DATA_EXFILTRATION}
    return {
        **dict.fromkeys(spoken_of, threshold),
        Category.HARMFUL_REQUEST: harmful,
        Category.CANARY_LEAK: leak,
    }


def _learned(profile: Profile, anchors: Anchors) -> dict[Category, Threshold]:
    if profile is Profile.STRICT:
        threshold = Threshold(flag=anchors.fpr_5, block=anchors.fpr_1)
    elif profile is Profile.BALANCED:
        threshold = Threshold(flag=anchors.fpr_1, block=anchors.fpr_02)
    else:
        threshold = Threshold(flag=anchors.fpr_02)
    return dict.fromkeys(_LEARNED, threshold)


def _check(setting: str, threshold: Threshold) -> None:
    if threshold.flag < 0 or threshold.block < threshold.flag:
        raise SettingError(
            setting,
            f"flag `{threshold.flag}` and block `{threshold.block}` must rise from 0",
        )


# The model on n-grams judges these; its calibration anchors them.
_LEARNED = (
    Category.PROMPT_INJECTION,
    Category.INDIRECT_INJECTION,
    Category.JAILBREAK,
    Category.PROMPT_EXTRACTION,
    Category.DATA_EXFILTRATION,
    Category.TOOL_ABUSE,
    Category.OBFUSCATION,
)

# Only rules speak of these: flag and block by how sure a rule must be and what a false alarm costs.
_BALANCED = {
    Category.HARMFUL_REQUEST: Threshold(0.8, 0.95),
    Category.PII: Threshold(0.5),
    Category.SECRET: Threshold(0.5, 0.9),
    Category.SQL_INJECTION: Threshold(0.7, 0.95),
    Category.XSS: Threshold(0.7, 0.95),
    Category.COMMAND_INJECTION: Threshold(0.7, 0.95),
    Category.PATH_TRAVERSAL: Threshold(0.7, 0.95),
    Category.MALICIOUS_URL: Threshold(0.7, 0.95),
    Category.UNSAFE_OUTPUT: Threshold(0.7, 0.95),
    Category.UNBOUNDED_CONSUMPTION: Threshold(0.7, 0.95),
    Category.ANOMALY: Threshold(0.8),
    Category.CANARY_LEAK: Threshold(0.5, 0.5),
}
_STRICT = {
    Category.HARMFUL_REQUEST: Threshold(0.6, 0.8),
    Category.PII: Threshold(0.4, 0.9),
    Category.SECRET: Threshold(0.4, 0.7),
    Category.SQL_INJECTION: Threshold(0.5, 0.8),
    Category.XSS: Threshold(0.5, 0.8),
    Category.COMMAND_INJECTION: Threshold(0.5, 0.8),
    Category.PATH_TRAVERSAL: Threshold(0.5, 0.8),
    Category.MALICIOUS_URL: Threshold(0.5, 0.8),
    Category.UNSAFE_OUTPUT: Threshold(0.5, 0.8),
    Category.UNBOUNDED_CONSUMPTION: Threshold(0.5, 0.8),
    Category.ANOMALY: Threshold(0.6, 0.95),
    Category.CANARY_LEAK: Threshold(0.5, 0.5),
}
_OBSERVE = {category: Threshold(threshold.flag) for category, threshold in _BALANCED.items()}

_BY_RULES: Mapping[Profile, Mapping[Category, Threshold]] = MappingProxyType(
    {Profile.OBSERVE: _OBSERVE, Profile.BALANCED: _BALANCED, Profile.STRICT: _STRICT}
)
