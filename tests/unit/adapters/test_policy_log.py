"""The log of certificates: it only grows, and says when somebody changed it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aidefence import ConfigError
from aidefence.adapters.policy_log import PolicyLog
from aidefence.adapters.signing import SigningKey
from aidefence.proof.certificates import Certificate
from aidefence.proof.merkle import is_consistent, is_included


def _certificate(number: int) -> Certificate:
    policy: Mapping[str, object] = {"digest": f"{number:064x}", "id": "support", "version": number}
    return Certificate({"policy": policy, "created": number})


@pytest.fixture
def log(tmp_path: Path) -> PolicyLog:
    return PolicyLog(tmp_path / "policy.log", SigningKey(tmp_path / "audit.key"))


def test_what_is_added_can_be_proved_to_be_in_it(log: PolicyLog) -> None:
    heads = [log.append(_certificate(it), 1000 + it).head for it in range(7)]
    assert log.faults() == []
    for number in range(7):
        entry, head, proof = log.inclusion(_certificate(number).digest)
        nodes = [bytes.fromhex(it) for it in proof]
        assert (entry.index, entry.version, entry.at_ms) == (number, number, 1000 + number)
        root = bytes.fromhex(head.root)
        assert is_included(entry.leaf, number, head.size, nodes, root)
        before, now, proof = log.consistency(number + 1)
        assert (before, now) == (heads[number], heads[-1])
        nodes = [bytes.fromhex(it) for it in proof]
        first, second = bytes.fromhex(before.root), bytes.fromhex(now.root)
        assert is_consistent(before.size, now.size, nodes, first, second)


def test_what_is_not_in_it_cannot_be_proved(log: PolicyLog) -> None:
    log.append(_certificate(1), 1)
    with pytest.raises(ConfigError, match="is not in the log"):
        log.inclusion(_certificate(2).digest)
    with pytest.raises(ConfigError, match="the log has 1 entries, not 2"):
        log.consistency(2)


def test_a_change_shows(log: PolicyLog, tmp_path: Path) -> None:
    for number in range(4):
        log.append(_certificate(number), number)
    path = tmp_path / "policy.log"
    lines = path.read_bytes().splitlines(keepends=True)
    for changed in (
        [lines[0], lines[2], lines[3]],
        [lines[0].replace(b'"version":0', b'"version":9'), *lines[1:]],
        [*lines[:3], lines[3].replace(b'"sig":"', b'"sig":"00')],
    ):
        path.write_bytes(b"".join(changed))
        assert log.faults()


def test_a_line_cut_short_was_never_told_and_is_dropped(log: PolicyLog, tmp_path: Path) -> None:
    log.append(_certificate(1), 1)
    path = tmp_path / "policy.log"
    path.write_bytes(path.read_bytes() + b'{"entry":{"at":2')
    log.append(_certificate(2), 2)
    assert [it.version for it in log.entries()] == [1, 2]
    assert log.faults() == []


def test_what_is_no_log_is_refused(log: PolicyLog, tmp_path: Path) -> None:
    (tmp_path / "policy.log").write_bytes(b"[]\n")
    with pytest.raises(ConfigError, match="is no log of certificates"):
        log.entries()


def test_many_add_at_once_and_nothing_is_lost(log: PolicyLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda it: log.append(_certificate(it), it), range(40)))
    assert sorted(it.version for it in log.entries()) == list(range(40))
    assert log.faults() == []
