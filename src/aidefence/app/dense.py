"""Find and check the dense model, as far as this installation has it."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.app.setup import Setup
from aidefence.domain.content import Degraded
from aidefence.domain.enums import DeepMode
from aidefence.domain.errors import ModelError
from aidefence.engine import Dense, DenseTerms
from aidefence.fuse.dense import terms_of
from aidefence.knowledge import dense
from aidefence.knowledge.dense import DenseFile
from aidefence.knowledge.models import ModelFile
from aidefence.policy.profiles import Anchors

CHECK = "tier2.dense"
_NONE = "none"
_ABSENT = "this installation holds no dense model"
_OTHER_TIER1 = "the dense model was fitted to another tier 1 than this installation holds"


@dataclass(frozen=True, slots=True)
class DensePart:
    """What the engine needs of the dense model, or why there is none; answers call it `name`."""

    part: tuple[Dense, DenseTerms] | None = None
    notes: tuple[Degraded, ...] = ()
    name: str = _NONE
    sha256: str | None = None


def open_dense(setup: Setup, tier1: ModelFile | None, anchors: Anchors) -> DensePart:
    """Open the dense model of a setup.

    Raises:
        ModelError: it is required or named, and it is not there, damaged or not for this tier 1.

    """
    if setup.dense is DeepMode.OFF:
        return DensePart()
    asked_for = setup.dense is DeepMode.REQUIRED or setup.dense_file is not None
    # An installation without it is whole: nothing was promised that does not run.
    if not asked_for and not dense.shipped_file().is_file():
        return DensePart()
    try:
        file = _file(setup, tier1)
        part = terms_of(file, (anchors.fpr_5, anchors.fpr_1, anchors.fpr_02))
    except ModelError as error:
        if asked_for:
            raise
        return DensePart(notes=(Degraded(CHECK, str(error)),))
    return DensePart(part, name=file.name, sha256=file.sha256)


def _file(setup: Setup, tier1: ModelFile | None) -> DenseFile:
    file = dense.load(setup.dense_file)
    if file is None:
        named = setup.dense_file
        raise ModelError(_ABSENT if named is None else f"no dense model `{named}`")
    if not file.fits(tier1):
        raise ModelError(_OTHER_TIER1)
    return file
