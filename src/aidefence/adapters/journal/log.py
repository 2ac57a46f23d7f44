"""Writes decisions down: one `os.write` for each request, before its answer leaves."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

from aidefence.adapters.journal.bodies import BODY_VERSION, FIELDS, encode
from aidefence.adapters.journal.frames import FRAME_BYTES_MAX, MARK, pack_frame
from aidefence.adapters.journal.segments import bytes_in, open_segment
from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.decision import Charter
from aidefence.domain.enums import ACTIONS, CATEGORIES, Action, Category, Direction, Severity
from aidefence.engine import Scribe
from aidefence.service.express import Passed, PassedTexts

_log = logging.getLogger("aidefence.journal")

CHECK: Final = "episodes.journal"
DIGEST_BYTES = 16
_NAME_CODE_POINTS_MAX = 256
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 1.0
_FULL = "the journal takes no more: its disk is full, or the store does not keep up"
_ACTION_CODES = {action: code for code, action in enumerate(ACTIONS)}
_CATEGORY_CODES: dict[Category | None, int] = {
    None: -1,
    **{it: code for code, it in enumerate(CATEGORIES)},
}
_INPUT, _OUTPUT = Direction.INPUT.code, Direction.OUTPUT.code
_ALLOW, _LOW = Action.ALLOW.code, Severity.LOW.code
# How every record begins: that so many values follow, and of which version they are.
_OPENING = encode((BODY_VERSION, *[None] * (FIELDS - 1)))[: 1 - FIELDS]
# Callers and their addresses, as far as they are remembered.
_AROUNDS_MAX = 4096

Around: TypeAlias = tuple[bytes, bytes, bytes]
Seal = Callable[[Sequence[str], str], bytes]
"""Seals the contents of a request for the store."""


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How large files become, and when no more is written."""

    segment_bytes: int = 8 << 20
    journal_bytes_max: int = 1 << 30


class JournalLog:
    """Appends to a file of this process. Safe to share between threads, and over a fork."""

    def __init__(
        self,
        folder: Path,
        *,
        node: str,
        digest_key: bytes,
        now_ms: Callable[[], int],
        least: Action = Action.ALLOW,
        seal: Seal | None = None,
        limits: JournalLimits | None = None,
    ) -> None:
        """`least` is the mildest action of a request that could not be written down."""
        self._node = node
        self._digest = blake2b(digest_size=DIGEST_BYTES, key=digest_key)
        self._now_ms = now_ms
        self._least = least
        self._seal = seal
        self._scribe = Scribe(MARK, _OPENING, digest_key)
        self._arounds: dict[tuple[object, ...], Around] = {}
        self._writer = _Writer(folder, limits or JournalLimits())
        self.lost = 0
        self.problem: str | None = None

    def record(self, request: Request, detection: Detection) -> Detection:
        """Keep one decision; gives it as it is to be answered."""
        try:
            self._writer.write(self._frame(request, detection))
        except OSError as error:
            return self._untold(detection, error)
        self.problem = None
        return detection

    def record_all(self, decided: Sequence[tuple[Request, Detection]]) -> list[Detection]:
        """Keep many decisions with one write."""
        try:
            self._writer.write(b"".join([self._frame(*pair) for pair in decided]))
        except OSError as error:
            return [self._untold(detection, error) for _, detection in decided]
        return [detection for _, detection in decided]

    def note(self, request: Request, passed: Passed) -> bool:
        """Keep that nothing was found in one text."""
        text = request.what
        if self._seal is not None or not isinstance(text, str):
            return False
        frame = self._scribe.record(
            request.id,
            text,
            self._now_ms(),
            self._around(request, passed.charter),
            passed.tiers,
            passed.confidence,
            passed.elapsed_ns,
        )
        return frame is not None and self._has_written(frame)

    def note_all(self, first: Request, texts: Sequence[str], passed: PassedTexts) -> bool:
        """Keep that nothing was found in many texts, and with one write what was in others."""
        if self._seal is not None:
            return False
        try:
            frames = self._scribe.record_all(
                passed.records,
                passed.names,
                texts,
                self._now_ms(),
                self._around(first, passed.charter),
                passed.share_ns,
            )
            for at, pair in passed.found.items():
                frames[at] = self._frame(*pair)
        except (OSError, UnicodeEncodeError):
            return False
        written = [it for it in frames if it is not None]
        return len(written) == len(texts) and self._has_written(b"".join(written))

    def close(self) -> None:
        """Finish the file: what is in it can be taken over whole."""
        self._writer.close()

    def _has_written(self, frames: bytes) -> bool:
        try:
            self._writer.write(frames)
        except OSError:
            return False
        self.problem = None
        return True

    def _around(self, request: Request, charter: Charter) -> Around:
        """What stands around the few values that differ between texts of one caller."""
        caller, version = request.caller, charter.policy_version
        key = (request.door, caller.id, caller.tenant, charter.enforced, version, request.peer)
        around = self._arounds.get(key)
        if around is None:
            if len(self._arounds) >= _AROUNDS_MAX:
                self._arounds.clear()
            whose = (request.door, self._node, caller.id, caller.tenant, _INPUT)
            outcome = (False, _ALLOW, charter.enforced, _CATEGORY_CODES[None], _LOW)
            rest = ([()], (), None, None, _short(request.peer))
            parts = ((*whose, *outcome), (version,), rest)
            around = self._arounds[key] = (_join(parts[0]), _join(parts[1]), _join(parts[2]))
        return around

    def _frame(self, request: Request, detection: Detection) -> bytes:
        what, digest = request.what, self._digest.copy()
        if isinstance(what, str):
            _add(digest, what)
            direction = _INPUT if request.answers is None else _OUTPUT
        else:
            for content in what.contents:
                _add(digest, content.text)
            direction = what.direction.code
        body = self._body(request, detection, direction, digest.digest())
        kept = b"" if self._seal is None else self._seal(_texts(what), request.id)
        if len(body) + len(kept) > FRAME_BYTES_MAX:
            raise OSError(errno.EMSGSIZE, "the record is larger than a journal takes")
        return pack_frame(body, kept)

    def _body(self, request: Request, detection: Detection, direction: int, digest: bytes) -> bytes:
        decision, caller, context = detection.decision, request.caller, request.context
        record = decision.record
        degraded = detection.degraded
        told = (
            BODY_VERSION,
            request.id,
            self._now_ms(),
            request.door,
            self._node,
            caller.id,
            caller.tenant,
            direction,
            detection.detected,
            _ACTION_CODES[detection.action],
            detection.enforced,
            _CATEGORY_CODES[detection.category],
            record[2],
            record[3],
            decision.elapsed_ns,
            record[5],
            decision.policy_version,
            digest,
            [it[6] for it in decision.records],
            [(it.check, it.reason) for it in degraded] if degraded else (),
            _short(context.user),
            _short(context.session),
            _short(context.address or request.peer),
        )
        try:
            return encode(told)
        except UnicodeEncodeError:
            return encode(tuple(_clean(it) if isinstance(it, str) else it for it in told))

    def _untold(self, detection: Detection, error: OSError) -> Detection:
        reason = (error.strerror or str(error)).lower()
        self.lost += 1
        if self.problem != reason:
            self.problem = reason
            _log.error("episodes are not written down", extra={"reason": reason})
        degraded = Degraded(CHECK, f"what was decided could not be written down: {reason}")
        return replace(
            detection,
            degraded=(*detection.degraded, degraded),
            action=max(detection.action, self._least),
        )


class _Writer:
    """The file of this process: opened when it is needed, and anew when it is full."""

    def __init__(self, folder: Path, limits: JournalLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._lock = threading.Lock()
        self._handle = -1
        self._owner = 0
        self._size = 0
        self._pause_until = 0.0
        self._look_at = 0.0

    def write(self, data: bytes) -> None:
        """Append all of it or, where that fails, nothing."""
        with self._lock:
            if self._owner != os.getpid() or self._size >= self._limits.segment_bytes:
                self._open()
            elif time.monotonic() >= self._look_at:
                self._look()
            try:
                written = os.write(self._handle, data)
                if written < len(data):
                    self._take_back()
            except OSError:
                # What is torn at the end of a file is passed over: go on in another, in a while.
                self._size = self._limits.segment_bytes
                self._pause_until = time.monotonic() + _PAUSE_SECONDS
                raise
            self._size += written

    def close(self) -> None:
        """Close the file, which lets others know that it is finished."""
        with self._lock:
            self._leave()

    def _open(self) -> None:
        if time.monotonic() < self._pause_until:
            raise OSError(errno.ENOSPC, _FULL)
        self._leave()
        try:
            self._handle = self._begin()
        except OSError:
            self._pause_until = time.monotonic() + _PAUSE_SECONDS
            raise
        self._owner, self._size = os.getpid(), 0
        self._look_at = time.monotonic() + _LOOK_SECONDS

    def _look(self) -> None:
        """Notice that somebody has deleted the file: what is written to it nobody would find."""
        self._look_at = time.monotonic() + _LOOK_SECONDS
        if os.fstat(self._handle).st_nlink == 0:
            self._leave()
            raise FileNotFoundError(errno.ENOENT, "the journal was deleted while it was in use")

    def _begin(self) -> int:
        if bytes_in(self._folder) >= self._limits.journal_bytes_max:
            raise OSError(errno.ENOSPC, _FULL)
        handle, _ = open_segment(self._folder)
        return handle

    def _take_back(self) -> NoReturn:
        """Cut off what was written in part."""
        os.ftruncate(self._handle, self._size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _leave(self) -> None:
        # In a child process this closes only its own copy: the parent goes on writing.
        if self._owner:
            os.close(self._handle)
        self._owner = 0


def _add(digest: blake2b, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    digest.update(b"%d:" % len(data))
    digest.update(data)


def _join(values: Iterable[object]) -> bytes:
    return b"".join(map(encode, values))


def _texts(what: str | Inspection) -> Sequence[str]:
    return [what] if isinstance(what, str) else [it.text for it in what.contents]


def _short(name: str | None) -> str | None:
    if name is None or len(name) <= _NAME_CODE_POINTS_MAX:
        return name
    return name[: _NAME_CODE_POINTS_MAX - 1] + "\u2026"


def kept_name(name: str) -> str:
    """Write a name as records have it."""
    return _clean(_short(name) or "")


def _clean(text: str) -> str:
    # Half a surrogate pair is no text that a file could hold.
    return text.encode("utf-8", "replace").decode("utf-8")
