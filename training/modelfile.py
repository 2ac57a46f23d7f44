"""Writes and reads the model file; the engine reads the same bytes."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC = b"AIDMODEL"
VERSION = 1
SIZE_MAX = 1_500_000
CATEGORY_COLUMNS = 8


class ModelFileError(ValueError):
    """The bytes are no model file of ours."""


@dataclass(frozen=True, slots=True)
class Ngram:
    """The hashed linear model."""

    bits: int
    scale: float
    bias: float
    window: int
    stride: int
    whole_max: int
    table: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Fusion:
    """The combiner; `hidden` is zero for a linear one, and `w1`, `b1` are empty then."""

    mean: NDArray[np.float32]
    inv_std: NDArray[np.float32]
    w1: NDArray[np.float32]
    b1: NDArray[np.float32]
    w2: NDArray[np.float32]
    b2: float

    @property
    def hidden(self) -> int:
        """Hidden units."""
        return len(self.b1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Knots from the logit of the fusion to a confidence, both rising."""

    logits: NDArray[np.float32]
    confidences: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Categories:
    """Which kind of attack: one column a category, the last one unused."""

    bits: int
    scale: float
    bias: NDArray[np.float32]
    table: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Model:
    """Everything in a model file."""

    meta: dict[str, Any]
    ngram: Ngram
    fusion: Fusion
    calibration: Calibration
    categories: Categories | None = None


def write(model: Model) -> bytes:
    """The file, with the digest of everything before it at its end."""
    sections = [
        (b"META", json.dumps(model.meta, sort_keys=True, separators=(",", ":")).encode()),
        (b"NGRM", _ngram_bytes(model.ngram)),
        (b"FUSE", _fusion_bytes(model.fusion)),
        (b"CALI", _calibration_bytes(model.calibration)),
    ]
    if model.categories is not None:
        sections.append((b"CATS", _category_bytes(model.categories)))
    body = MAGIC + struct.pack("<II", VERSION, len(sections))
    for tag, content in sections:
        body += tag + struct.pack("<Q", len(content)) + content
    file = body + hashlib.sha256(body).digest()
    if len(file) > SIZE_MAX:
        raise ModelFileError(f"model file has {len(file)} bytes, the limit is {SIZE_MAX}")
    return file


def _ngram_bytes(part: Ngram) -> bytes:
    head = struct.pack(
        "<IffIII", part.bits, part.scale, part.bias, part.window, part.stride, part.whole_max
    )
    return head + part.table.astype(np.int8).tobytes()


def _fusion_bytes(part: Fusion) -> bytes:
    arrays = (part.mean, part.inv_std, part.w1, part.b1, part.w2, np.array([part.b2]))
    return struct.pack("<II", len(part.mean), part.hidden) + b"".join(
        array.astype("<f4").tobytes() for array in arrays
    )


def _calibration_bytes(part: Calibration) -> bytes:
    knots = np.stack([part.logits, part.confidences], axis=1).astype("<f4")
    return struct.pack("<I", len(knots)) + knots.tobytes()


def _category_bytes(part: Categories) -> bytes:
    return (
        struct.pack("<If", part.bits, part.scale)
        + part.bias.astype("<f4").tobytes()
        + part.table.astype(np.int8).tobytes()
    )


def read(file: bytes) -> Model:
    """The model in a file; raises `ModelFileError` where it is damaged or of another kind."""
    if len(file) < len(MAGIC) + 40 or not file.startswith(MAGIC):
        raise ModelFileError("not a model file")
    body, digest = file[:-32], file[-32:]
    if hashlib.sha256(body).digest() != digest:
        raise ModelFileError("digest does not match: the file is damaged")
    version, count = struct.unpack_from("<II", body, len(MAGIC))
    if version != VERSION:
        raise ModelFileError(f"version {version} is not {VERSION}")
    sections = _sections(body, count)
    try:
        return Model(
            json.loads(sections[b"META"]),
            _read_ngram(sections[b"NGRM"]),
            _read_fusion(sections[b"FUSE"]),
            _read_calibration(sections[b"CALI"]),
            _read_categories(sections[b"CATS"]) if b"CATS" in sections else None,
        )
    except (KeyError, struct.error, ValueError) as error:
        raise ModelFileError(f"damaged section: {error}") from error


def _sections(body: bytes, count: int) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = len(MAGIC) + 8
    for _ in range(count):
        tag, length = body[at : at + 4], struct.unpack_from("<Q", body, at + 4)[0]
        found[tag] = body[at + 12 : at + 12 + length]
        at += 12 + length
    if at != len(body):
        raise ModelFileError("sections do not fill the file")
    return found


def _read_ngram(raw: bytes) -> Ngram:
    bits, scale, bias, window, stride, whole_max = struct.unpack_from("<IffIII", raw)
    return Ngram(
        bits, scale, bias, window, stride, whole_max, np.frombuffer(raw, np.int8, 1 << bits, 24)
    )


def _read_fusion(raw: bytes) -> Fusion:
    inputs, hidden = struct.unpack_from("<II", raw)
    values = np.frombuffer(raw, "<f4", -1, 8)
    shapes = [inputs, inputs, hidden * inputs, hidden, hidden or inputs, 1]
    mean, inv_std, w1, b1, w2, b2 = np.split(values, np.cumsum(shapes)[:-1])
    return Fusion(mean, inv_std, w1.reshape(hidden, inputs), b1, w2, float(b2[0]))


def _read_calibration(raw: bytes) -> Calibration:
    (count,) = struct.unpack_from("<I", raw)
    knots = np.frombuffer(raw, "<f4", 2 * count, 4).reshape(count, 2)
    return Calibration(knots[:, 0], knots[:, 1])


def _read_categories(raw: bytes) -> Categories:
    bits, scale = struct.unpack_from("<If", raw)
    bias = np.frombuffer(raw, "<f4", CATEGORY_COLUMNS, 8)
    table = np.frombuffer(raw, np.int8, CATEGORY_COLUMNS << bits, 8 + 4 * CATEGORY_COLUMNS)
    return Categories(bits, scale, bias, table.reshape(1 << bits, CATEGORY_COLUMNS))
