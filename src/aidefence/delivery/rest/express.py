"""Plain texts on the short way: read, passed, answered, with no object for what all have in common.

A body that holds a text and nothing else is most of all traffic. Whatever else stands in one, or
must be said about it, goes the usual way, which says the same of a plain text to the letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from aidefence.delivery.rest.answers import Manner, lay_out
from aidefence.domain.asking import Detection
from aidefence.domain.decision import Charter, Decision
from aidefence.domain.enums import Action
from aidefence.engine import Form

_TIERS = 5


class PlainText(Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """A request that holds a text and nothing else."""

    content: str
    content_type: Literal["text"] = "text"


class PlainBatch(Struct, forbid_unknown_fields=True, gc=False):
    """A batch of nothing else."""

    requests: list[PlainText]


_decode_one = msgspec.json.Decoder(PlainText).decode
_decode_many = msgspec.json.Decoder(PlainBatch).decode
_NOT_PLAIN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_plain(body: bytes, code_points_max: int) -> str | None:
    """Read a plain text; none where there is more in a body, or anything wrong with it."""
    try:
        text = _decode_one(body).content
    except _NOT_PLAIN:
        return None
    return text if len(text) <= code_points_max else None


def read_plain_batch(body: bytes, code_points_max: int, most: int) -> list[str] | None:
    """Read a batch of plain texts; none where there is more in it, or anything wrong with it."""
    try:
        requests = _decode_many(body).requests
    except _NOT_PLAIN:
        return None
    texts = [it.content for it in requests]
    fit = 0 < len(texts) <= most and max(map(len, texts)) <= code_points_max
    return texts if fit else None


def make_form(manner: Manner, charter: Charter) -> Form:
    """Lay out once what answers about passed texts have in common, for all tiers that may run."""

    def pieces(tiers: int) -> tuple[str, str, str, str, str]:
        decision = Decision((0, -1, 0, 0.0, 0.0, tiers, (), 0), charter, 0)
        passed = Detection(decision, False, Action.ALLOW, None, (), charter.enforced)
        return lay_out(passed, manner)

    return Form([(tiers, pieces(tiers)) for tiers in range(1 << _TIERS)])


def join_batch(
    batch_id: str, results: Sequence[bytes], processed: int, tail: bytes = b"]}"
) -> bytes:
    """Join the answers of a batch.

    Joined, not laid out as objects: of many short answers that would be most of the work.
    """
    head = (
        f'{{"batchId":"{batch_id}","totalRequests":{len(results)},'
        f'"processedRequests":{processed},"results":['
    )
    return b"%b%b%b" % (head.encode(), b",".join(results), tail)
