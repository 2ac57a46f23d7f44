"""Others who do the same, each in an environment of its own, asked in one run about the same texts.

A peer is a package, pinned, and a door: a script of `bench/peer_doors` that runs in the peer's own
environment and hands back what the peer finds and how fast. We go through a door like the others.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_DOORS = Path(__file__).parent / "peer_doors"
FOLDER = "AIDEFENCE_PEERS"
"""The setting that names the folder in which environments of peers are kept."""
_INSTALL_SECONDS_MAX = 900
_ANSWER_SECONDS_MAX = 1_800
_REASON_LEN_MAX = 200
_ADDRESS = re.compile(r"\S*(?:://|/)\S*")


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's detector."""

    name: str
    door: str
    """The script of `bench/peer_doors` that speaks for it."""
    requires: tuple[str, ...] = ()
    """What is installed for it; nothing for ourselves."""


OURS = Peer("aidefence", "ours.py")
PII_PEERS = (
    Peer("presidio", "presidio_patterns.py", ("presidio-analyzer==2.2.366",)),
    Peer("datafog", "datafog_scan.py", ("datafog-core==0.4.4",)),
    Peer("scrubadub", "scrubadub_filth.py", ("scrubadub==2.0.1", "setuptools<81")),
    Peer("commonregex", "commonregex_all.py", ("commonregex==1.5.4",)),
)
SECRET_PEERS = (
    Peer("detect-secrets", "detect_secrets_lines.py", ("detect-secrets==1.5.0",)),
    Peer("credsweeper", "credsweeper_lines.py", ("credsweeper==1.19.5",)),
)
PAYLOAD_PEERS = (
    Peer("libinjection", "libinjection_calls.py", ("libinjection-python==1.1.6",)),
    Peer("aiwaf", "aiwaf_signatures.py", ("aiwaf-rust==0.2.7",)),
)
PEERS = (*PII_PEERS, *SECRET_PEERS, *PAYLOAD_PEERS)


@dataclass(frozen=True, slots=True)
class Found:
    """What a peer says stands somewhere, in characters."""

    kind: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer says of some sets of texts."""

    version: str
    found: dict[str, list[tuple[Found, ...]]] = field(repr=False)
    """For each set, for each text."""
    per_second: dict[str, float]
    """For each set that was timed, texts a second: the median of the rounds."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A peer that cannot be asked, and why."""

    reason: str


def ask(
    peer: Peer, sets: Mapping[str, Sequence[str]], *, timed: Mapping[str, Sequence[str]]
) -> Answer | Absent:
    """Install a peer where it is missing, and have it read the texts of `sets` and of `timed`."""
    python = build(peer)
    if isinstance(python, Absent):
        return python
    with tempfile.TemporaryDirectory() as scratch:
        order, answer = Path(scratch, "order.json"), Path(scratch, "answer.json")
        order.write_text(json.dumps({"sets": dict(sets), "timed": dict(timed)}), "utf-8")
        command = [str(python), str(_DOORS / peer.door), str(order), str(answer)]
        try:
            done = subprocess.run(
                command,
                env=_environment(peer),
                cwd=scratch,
                capture_output=True,
                text=True,
                check=False,
                timeout=_ANSWER_SECONDS_MAX,
            )
        except subprocess.TimeoutExpired:
            return Absent(f"no answer within {_ANSWER_SECONDS_MAX} s")
        if done.returncode != 0:
            return Absent(f"its door ended with {done.returncode}: {_last_line(done.stderr)}")
        return _read(json.loads(answer.read_text("utf-8")))


def build(peer: Peer) -> Path | Absent:
    """Return the interpreter of a peer's environment, made where it is missing."""
    if not peer.requires:
        return Path(sys.executable)
    home = folder() / f"{peer.name}-{_digest(peer)}"
    python = home / "bin" / "python"
    complete = home / "complete"
    if complete.exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    install = [str(python), "-m", "pip", "install", "--quiet", *peer.requires]
    try:
        venv.create(home, with_pip=True)
        done = subprocess.run(
            install,
            env=_environment(peer),
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_SECONDS_MAX,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Absent(f"cannot be installed: {type(error).__name__}")
    if done.returncode != 0:
        return Absent(f"cannot be installed: {_last_line(done.stderr)}")
    complete.touch()
    return python


def folder() -> Path:
    """Return where environments of peers are kept: `AIDEFENCE_PEERS`, or among a user's caches."""
    given = os.environ.get(FOLDER)
    if given:
        return Path(given)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "aidefence" / "peers"


def build_all() -> int:
    """Make every environment that is missing and say which peers there are; 1 if one is absent."""
    absent = 0
    for peer in PEERS:
        built = build(peer)
        told = f"absent: {built.reason}" if isinstance(built, Absent) else "installed"
        absent += isinstance(built, Absent)
        print(f"{peer.name:16} {' '.join(peer.requires):32} {told}")
    return int(absent > 0)


def _digest(peer: Peer) -> str:
    named = "\n".join((sys.version, *peer.requires))
    return hashlib.sha256(named.encode()).hexdigest()[:12]


def _environment(peer: Peer) -> dict[str, str]:
    """Return our environment; of what Python is told, others hear nothing."""
    ours = not peer.requires
    return {
        name: value
        for name, value in os.environ.items()
        if ours or (not name.startswith("PYTHON") and name != "VIRTUAL_ENV")
    } | ({"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} if ours else {})


def _last_line(told: str) -> str:
    """Return what an error ends with, without addresses and paths."""
    lines = [line for line in told.splitlines() if line.strip()]
    return _ADDRESS.sub("…", lines[-1] if lines else "nothing said")[:_REASON_LEN_MAX]


def _read(answer: dict[str, Any]) -> Answer:
    return Answer(
        version=answer["version"],
        found={
            name: [tuple(Found(*one) for one in findings) for findings in texts]
            for name, texts in answer["found"].items()
        },
        per_second=answer["per_second"],
    )
