"""An episode as bytes: written on the hot path, so with as little work as can be."""

from __future__ import annotations

from typing import Any

import msgspec

from aidefence.domain.content import Degraded, Span
from aidefence.domain.decision import FindingRecord, tiers_of
from aidefence.domain.enums import ACTIONS, CATEGORIES, DIRECTIONS, SEVERITIES, Category
from aidefence.domain.episode import Episode, Evidence
from aidefence.domain.verdict import ALLOWED_PREFIX

BODY_VERSION = 1


class Body(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What lies in the bytes, in this order; codes are positions in the enums."""

    version: int
    id: str
    at_ms: int
    door: str
    node: str
    caller: str
    tenant: str
    direction: int
    detected: bool
    action: int
    enforced: bool
    category: int
    severity: int
    confidence: float
    elapsed_ns: int
    tiers: int
    policy_version: str
    digest: bytes
    findings: tuple[tuple[FindingRecord, ...], ...]
    degraded: tuple[tuple[str, str], ...]
    user: str | None
    session: str | None
    address: str | None


FIELDS = len(Body.__struct_fields__)
encode = msgspec.msgpack.Encoder().encode
read_body = msgspec.msgpack.Decoder(Body).decode


def open_body(data: bytes, cursor: int = 0) -> Episode:
    """Make an episode out of its bytes."""
    return open_episode(read_body(data), cursor)


def open_episode(it: Body, cursor: int = 0) -> Episode:
    """Make an episode out of its compact form."""
    return Episode(
        id=it.id,
        at_ms=it.at_ms,
        door=it.door,
        node=it.node,
        caller=it.caller,
        tenant=it.tenant,
        direction=DIRECTIONS[it.direction],
        detected=it.detected,
        action=ACTIONS[it.action],
        enforced=it.enforced,
        category=category_of(it.category),
        severity=SEVERITIES[it.severity],
        confidence=it.confidence,
        elapsed_ns=it.elapsed_ns,
        tiers=tiers_of(it.tiers),
        policy_version=it.policy_version,
        digest=it.digest.hex(),
        evidence=_evidence(it.findings),
        degraded=tuple(Degraded(check, reason) for check, reason in it.degraded),
        user=it.user,
        session=it.session,
        address=it.address,
        cursor=cursor,
    )


def write_episode(it: Episode) -> bytes:
    """Make bytes out of an episode: where it is kept beside what refers to it."""
    findings: list[list[Any]] = [
        [] for _ in range(1 + max((e.content for e in it.evidence), default=0))
    ]
    for e in it.evidence:
        findings[e.content].append(
            (
                e.rule_id,
                e.category.code,
                e.span.start,
                e.span.end,
                e.score,
                e.severity.code,
                e.mention,
                e.chain,
                (),
            )
        )
    return encode(
        (
            BODY_VERSION,
            it.id,
            it.at_ms,
            it.door,
            it.node,
            it.caller,
            it.tenant,
            it.direction.code,
            it.detected,
            it.action.code,
            it.enforced,
            -1 if it.category is None else it.category.code,
            it.severity.code,
            it.confidence,
            it.elapsed_ns,
            sum(1 << tier for tier in it.tiers),
            it.policy_version,
            bytes.fromhex(it.digest),
            findings,
            [(d.check, d.reason) for d in it.degraded],
            it.user,
            it.session,
            it.address,
        )
    )


def category_of(code: int) -> Category | None:
    """Name a category; -1 is none."""
    return None if code < 0 else CATEGORIES[code]


def _evidence(findings: tuple[tuple[FindingRecord, ...], ...]) -> tuple[Evidence, ...]:
    opened = [
        Evidence(
            rule_id=raw[0],
            category=CATEGORIES[raw[1]],
            severity=SEVERITIES[raw[5]],
            score=raw[4],
            span=Span(raw[2], raw[3]),
            content=content,
            mention=raw[6],
            chain=raw[7],
        )
        for content, records in enumerate(findings)
        for raw in records
        if not raw[0].startswith(ALLOWED_PREFIX)
    ]
    opened.sort(key=lambda it: -it.score)
    return tuple(opened)
