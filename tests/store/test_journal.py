"""The journal: cut or spoiled anywhere, it loses what was hit and nothing else."""

from __future__ import annotations

import os
import resource
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decided import attack, detection, request

from aidefence.adapters.journal.bodies import read_body
from aidefence.adapters.journal.frames import MARK, pack_frame, read_frames
from aidefence.adapters.journal.log import JournalLimits, JournalLog
from aidefence.adapters.journal.segments import is_finished, segments_in
from aidefence.domain.asking import Context, Detection, Request
from aidefence.domain.content import Degraded
from aidefence.domain.enums import Action

_PARTS = st.lists(st.tuples(st.binary(max_size=60), st.binary(max_size=30)), max_size=8)


def _log(folder: Path, **more: object) -> JournalLog:
    return JournalLog(folder, node="n1", digest_key=b"k" * 32, now_ms=lambda: 1, **more)  # type: ignore[arg-type]


def _ids(folder: Path) -> list[str]:
    frames = (it for path in segments_in(folder) for it in read_frames(path.read_bytes()))
    return [read_body(it.body).id for it in frames]


@given(parts=_PARTS, data=st.data())
def test_a_cut_loses_only_the_record_that_it_hits(
    parts: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    frames = [pack_frame(*it) for it in parts]
    whole = b"".join(frames)
    cut = data.draw(st.integers(0, len(whole)))
    left = [(it.body, it.kept) for it in read_frames(whole[:cut])]
    untouched = [sum(map(len, frames[: at + 1])) <= cut for at in range(len(frames))]
    assert left == parts[: sum(untouched)]


@given(parts=_PARTS, junk=st.binary(max_size=40), data=st.data())
def test_what_is_no_record_is_passed_over_and_counted(
    parts: list[tuple[bytes, bytes]], junk: bytes, data: st.DataObject
) -> None:
    frames = [pack_frame(*it) for it in parts]
    at = data.draw(st.integers(0, len(frames)))
    spoiled = b"".join([*frames[:at], junk, *frames[at:]])
    read = list(read_frames(spoiled))
    assert [(it.body, it.kept) for it in read] == parts
    assert sum(it.damaged for it in read) == (len(junk) if at < len(frames) else 0)


@given(parts=_PARTS.filter(bool), data=st.data())
def test_a_flipped_bit_costs_one_record_and_makes_none(
    parts: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    whole = bytearray(b"".join(pack_frame(*it) for it in parts))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    read = [(it.body, it.kept) for it in read_frames(bytes(whole))]
    left = list(parts)
    for it in read:
        left.remove(it)
    assert len(left) == 1


def test_no_text_can_hold_a_record() -> None:
    with pytest.raises(UnicodeDecodeError):
        MARK.decode("utf-8")


@settings(max_examples=200)
@given(user=st.text(max_size=300), text=st.text(max_size=50))
def test_whatever_is_in_a_request_is_written_down(
    tmp_path_factory: pytest.TempPathFactory, user: str, text: str
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    log = _log(folder)
    asked = request(text, context=Context(user=user))
    assert log.record(asked, attack()).degraded == ()
    log.close()
    assert _ids(folder) == [asked.id]


def test_threads_write_whole_records(tmp_path: Path) -> None:
    log = _log(tmp_path, limits=JournalLimits(segment_bytes=20_000))
    asked = [[request() for _ in range(500)] for _ in range(4)]

    def write(mine: list[Request]) -> None:
        for it in mine:
            log.record(it, attack())

    threads = [threading.Thread(target=write, args=(it,)) for it in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(segments_in(tmp_path)) > 10
    assert sorted(_ids(tmp_path)) == sorted(it.id for mine in asked for it in mine)
    # All files but the one that is written to are finished.
    assert [is_finished(it) for it in segments_in(tmp_path)].count(False) == 1
    log.close()
    assert all(map(is_finished, segments_in(tmp_path)))


def test_a_child_process_writes_to_a_file_of_its_own(tmp_path: Path) -> None:
    log = _log(tmp_path)
    first, second, third = request(), request(), request()
    log.record(first, detection())
    child = os.fork()
    if child == 0:
        log.record(second, detection())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    log.record(third, detection())
    assert len(segments_in(tmp_path)) == 2
    assert sorted(_ids(tmp_path)) == sorted(it.id for it in (first, second, third))
    log.close()


def _limited(folder: Path, least: Action, bytes_max: int) -> tuple[list[bool], list[Detection]]:
    """Write under a limit on the size of files; says what was told, for each record."""
    log = _log(folder, least=least)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, before[1]))
    try:
        answers = [log.record(request(id=f"req_{at}"), detection()) for at in range(50)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        log.close()
    assert log.lost == sum(bool(it.degraded) for it in answers)
    return [not it.degraded for it in answers], answers


@pytest.mark.parametrize("least", [Action.ALLOW, Action.FLAG, Action.BLOCK])
def test_a_full_disk_is_told_and_what_was_answered_is_kept(tmp_path: Path, least: Action) -> None:
    kept, answers = _limited(tmp_path, least, 1000)
    assert any(kept)
    assert not all(kept)
    assert _ids(tmp_path) == [f"req_{at}" for at, it in enumerate(kept) if it]
    for answer in answers:
        if answer.degraded:
            [degraded] = answer.degraded
            assert isinstance(degraded, Degraded)
            assert degraded.check == "episodes.journal"
            assert answer.action is least
        else:
            assert answer.action is Action.ALLOW


def test_a_batch_is_written_whole_or_told_whole(tmp_path: Path) -> None:
    log = _log(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        answers = log.record_all([(request(), detection()) for _ in range(50)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        log.close()
    assert all(it.degraded for it in answers)
    assert _ids(tmp_path) == []


def test_a_journal_that_nobody_takes_over_stops_growing(tmp_path: Path) -> None:
    limits = JournalLimits(segment_bytes=2_000, journal_bytes_max=10_000)
    log = _log(tmp_path, limits=limits)
    answers = [log.record(request(), detection()) for _ in range(500)]
    assert sum(it.stat().st_size for it in segments_in(tmp_path)) < 13_000
    assert "does not keep up" in answers[-1].degraded[-1].reason
    assert log.problem is not None
    log.close()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    log = _log(tmp_path / "nowhere")
    [degraded] = log.record(request(), detection()).degraded
    assert "no such file" in degraded.reason
