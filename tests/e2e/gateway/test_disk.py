"""A disk that is full, and a folder that somebody deletes: texts are inspected all the same."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

import httpx
import pytest
from tests.served import Served, serving, wait_until

from aidefence.adapters.counts import Counts
from aidefence.adapters.limits_mapped import MappedCounters

_CONFIG = 'deep = "off"\ndense = "off"\n'
_DISK = "size=12m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of our own."""
    place = tmp_path / "state"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"{_DISK},mode=700", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("nothing mounts disks here")
    if done.returncode:
        pytest.skip("only the machine's owner may mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(disk: Path) -> Path:
    filling = disk / "filling"
    with filling.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 12))
        except OSError:
            return filling


def _degraded(answer: dict[str, Any]) -> set[str]:
    return {it["check"] for it in answer["degraded"]}


def test_a_full_disk_ends_nobody_and_is_told(disk: Path, tmp_path: Path) -> None:
    with serving(tmp_path, _CONFIG, workers=2) as gateway:
        assert not _degraded(gateway.detect())
        pids = {it.pid for it in gateway.workers()}
        filling = _fill(disk)
        answers = [gateway.detect() for _ in range(200)]
        assert {it["action"] for it in answers} == {"block"}
        assert "episodes.journal" in _degraded(answers[-1])
        thrown = httpx.put(f"{gateway.url}/api/v2/switches/all", json={"reason": "x"}, timeout=30)
        assert thrown.status_code == 503
        assert "no space left" in thrown.json()["detail"].lower()
        filling.unlink()
        wait_until(lambda: not _degraded(gateway.detect()), "a journal that takes records")
        said = {"requestId": gateway.detect()["requestId"], "groundTruth": "attack"}
        answered = httpx.post(f"{gateway.url}/api/v2/feedback", json=said, timeout=30)
        assert answered.status_code == 200
        assert {it.pid for it in gateway.workers()} == pids


def test_a_worker_that_died_is_replaced_on_a_full_disk(disk: Path, tmp_path: Path) -> None:
    with serving(tmp_path, _CONFIG, workers=2) as gateway:
        gateway.detect()
        # A page that is asked for tells the other worker's counts, too.
        assert httpx.get(f"{gateway.url}/metrics").status_code == 200
        filling = _fill(disk)
        begun = _began(gateway)
        os.kill(gateway.workers()[0].pid, signal.SIGKILL)
        wait_until(lambda: _began(gateway) == begun + 1, "another worker", 60)
        for _ in range(50):
            assert gateway.detect()["action"] == "block"
        assert "aidefence_requests_total" in httpx.get(f"{gateway.url}/metrics").text
        filling.unlink()
        wait_until(lambda: not _degraded(gateway.detect()), "a journal that takes records")


def _began(gateway: Served) -> int:
    return gateway.told().count("Started worker-")


def test_mapped_files_have_their_place_on_the_disk(tmp_path: Path) -> None:
    """Without it, the first count that finds the disk full ends the process."""
    Counts(tmp_path / "counts").place("a", 1)
    MappedCounters(tmp_path / "limits")
    files = [*(tmp_path / "counts").glob("*.counts"), *tmp_path.glob("limits.*")]
    assert len(files) == 2
    for file in files:
        told = file.stat()
        assert told.st_blocks * 512 >= told.st_size > 100_000


def test_a_deleted_folder_is_told_within_a_second(tmp_path: Path) -> None:
    gateway = Served(tmp_path, _CONFIG)
    try:
        gateway.wait_ready()
        assert not _degraded(gateway.detect())
        rmtree(gateway.places.state_dir)
        wait_until(lambda: "episodes.journal" in _degraded(gateway.detect()), "a word about it", 5)
        assert gateway.detect()["action"] == "block"
        assert gateway.stop() == 0
        assert "Traceback" not in gateway.told()
        assert "Fatal" not in gateway.told()
    finally:
        if gateway.process.poll() is None:
            gateway.process.kill()
