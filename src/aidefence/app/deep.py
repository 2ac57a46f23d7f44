"""Find, check and tie in the deep model, as far as this installation has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING

from aidefence.adapters.deferred import DeferredEncoder
from aidefence.adapters.readings import RememberingEncoder
from aidefence.app.setup import Setup
from aidefence.decide.again import Judge
from aidefence.domain.content import Degraded
from aidefence.domain.enums import DeepMode
from aidefence.domain.errors import MissingExtraError, ModelError
from aidefence.fuse.deep import DeepFusion
from aidefence.knowledge import deep
from aidefence.knowledge.deep import DeepCard
from aidefence.knowledge.models import ModelFile
from aidefence.pipeline.deep import CHECK, DeepTier
from aidefence.policy.profiles import Anchors, Policy

if TYPE_CHECKING:
    from aidefence.adapters.encoder import OnnxEncoder

PACKAGES = ("onnxruntime", "tokenizers")
EXTRA = "deep"
FEATURE = "the deep model"
_NONE = "none"
_ABSENT = f'this installation holds no deep model: pip install --upgrade "aidefence[{EXTRA}]"'
_OTHER_TIER2 = "the deep model was fitted together with another tier 2 than this installation runs"
_OTHER_TIER1 = "the deep model was fitted to another tier 1 than this installation holds"


@dataclass(frozen=True, slots=True)
class DeepPart:
    """The deep tier, or why there is none; `name` is what answers call it."""

    tier: DeepTier | None = None
    notes: tuple[Degraded, ...] = ()
    name: str = _NONE


def open_deep(
    setup: Setup,
    below: tuple[ModelFile | None, str | None],
    anchors: Anchors,
    policy: Policy,
    own_rules: frozenset[str],
) -> DeepPart:
    """Make the deep tier that a setup asks for; `below` are tier 1 and the digest of tier 2.

    Raises:
        MissingExtraError: it is required, and its packages are not installed.
        ModelError: it is required, and its files are not there, damaged or not for this tier 1.

    """
    if setup.deep is DeepMode.OFF:
        return DeepPart()
    required = setup.deep is DeepMode.REQUIRED
    try:
        card = _card(setup, *below)
        fusion = DeepFusion(card, (anchors.fpr_5, anchors.fpr_1, anchors.fpr_02))
    except ModelError as error:
        # A folder that somebody named is asked for, in whatever mode.
        if required or setup.deep_dir is not None:
            raise
        return DeepPart(notes=(Degraded(CHECK, str(error)),))
    missing = "" if is_installed() else str(MissingExtraError(FEATURE, EXTRA))
    if missing and required:
        raise MissingExtraError(FEATURE, EXTRA)
    own = _encoder_of(card)
    encoder = _remembering(own, setup.deep_cache_bytes) if setup.deep_cache_bytes else own
    if required:
        encoder.warm()
    tier = DeepTier(
        None if missing else encoder,
        fusion,
        Judge(policy.flag, policy.block, own_rules),
        band=card.band,
        milliseconds_max=card.limits.milliseconds_max,
        on_error=setup.on_error,
        missing=missing,
        of_answers=Judge(policy.of_answers().flag, policy.of_answers().block, own_rules),
    )
    return DeepPart(tier, name=_NONE if missing else f"{card.name}-{card.digest}")


def is_installed() -> bool:
    """Tell whether the optional packages are there, without loading them."""
    return all(find_spec(name) is not None for name in PACKAGES)


def _card(setup: Setup, tier1: ModelFile | None, tier2_sha256: str | None) -> DeepCard:
    card = deep.load(setup.deep_dir)
    if card is None:
        raise ModelError(_absent(setup))
    # Band and weights stand on the confidences of one tier 1; on others they would mean nothing.
    if card.tier1_sha256 is not None and (
        tier1 is None or sha256(tier1.data).hexdigest() != card.tier1_sha256
    ):
        raise ModelError(_OTHER_TIER1)
    if card.tier2_sha256 is not None and card.tier2_sha256 != tier2_sha256:
        raise ModelError(_OTHER_TIER2)
    return card


def _absent(setup: Setup) -> str:
    folder = setup.deep_dir
    return _ABSENT if folder is None else f"no deep model in `{folder}`: expected {deep.EXPECTED}"


def _encoder_of(card: DeepCard) -> DeferredEncoder:
    # A new policy over the same model must not wait until it is loaded a second time.
    encoder = _shared(card)
    if encoder.failed:
        _shared.cache_clear()
        encoder = _shared(card)
    return encoder


@lru_cache(maxsize=1)
def _shared(card: DeepCard) -> DeferredEncoder:
    return DeferredEncoder(partial(_load, card))


@lru_cache(maxsize=1)
def _remembering(encoder: DeferredEncoder, bytes_max: int) -> RememberingEncoder:
    # What a model said stays said under a new policy over the same model.
    return RememberingEncoder(encoder, bytes_max)


def _load(card: DeepCard) -> OnnxEncoder:
    # Loaded when the first text needs it: the runtime alone takes longer than all of our import.
    from aidefence.adapters.encoder import OnnxEncoder  # noqa: PLC0415

    card.verify()
    return OnnxEncoder(card.model, card.tokenizer, limits=card.limits)
