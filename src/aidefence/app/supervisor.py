"""The parent of all workers: starts them, starts them again, stops them one after another."""

from __future__ import annotations

import logging
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from granian.server.mp import MPServer

from aidefence.adapters.presence import Presence
from aidefence.app.bell import Bell
from aidefence.app.certificates import Certificates
from aidefence.app.places import Places
from aidefence.domain.errors import ConfigError
from aidefence.ports.renewal import Phase

_TICK_SECONDS = 1.0
_READY_SECONDS_MAX = 120.0
_LOOK_SECONDS = 0.05
_PAUSE_SECONDS_MIN = 0.1
_PAUSE_SECONDS_MAX = 10.0
_STILLBORN_MAX = 5

_log = logging.getLogger("aidefence.supervisor")


class Supervisor(MPServer):  # type: ignore[misc]  # its module says no types
    """The server, with manners of its own in four places.

    All workers share one listening socket: no connection waits at a worker that ends or is killed.
    A worker that dies is started again, however often. SIGTERM drains before it stops. SIGHUP has
    the workers load again; new certificates come with new workers, before the old ones end.
    """

    interrupt_signal: bool
    interrupt_children: list[int]
    reload_signal: bool
    _ssp: Any
    _shd: Any
    _sso: Any

    def __init__(
        self,
        target: str,
        *,
        places: Places,
        certificates: Certificates | None,
        drain_seconds: float,
        **options: Any,  # noqa: ANN401 -- those of the server
    ) -> None:
        super().__init__(target, **options)
        # Rung by handlers of signals: the server's own would sometimes wait for itself.
        self.main_loop_interrupt = Bell()
        self._places = places
        self._presence = Presence(places.workers)
        self._certificates = certificates
        self._drain_seconds = drain_seconds
        self._presence.sweep()
        self._deaths: Counter[int] = Counter()
        self._was_ready = False

    def signal_handler_interrupt(self, *_: object, **__: object) -> None:
        """Begin to end; a second signal skips the rest of the drain."""
        if self.interrupt_signal:
            self._drain_seconds = 0.0
        self.interrupt_signal = True
        self.main_loop_interrupt.set()

    def shutdown(self, exit_code: int = 0) -> None:
        """Say that we are not ready, wait until that was seen, then let requests run out."""
        with self._draining():
            super().shutdown(exit_code)

    def _init_shared_socket(self) -> None:
        super()._init_shared_socket()
        if self._shd is None:
            # The server would have every worker listen for itself.
            self._shd = self._ssp.build()
            self._sfd = self._shd.get_fd()
            self._ssp = None
            self._sso = socket.socket(fileno=self._sfd)
            self._sso.set_inheritable(True)

    def _serve_loop(self, spawn_target: object, target_loader: object) -> None:
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(_TICK_SECONDS)
            self.main_loop_interrupt.clear()
            dead, self.interrupt_children = list(self.interrupt_children), []
            if dead and not self._start_again(dead, spawn_target, target_loader):
                self.interrupt_children = dead
                break
            if self.reload_signal:
                self.reload_signal = False
                self._ask_for_reload()
            if self._certificates is not None and self._certificates.changed():
                self._renew_certificates(self._certificates, spawn_target, target_loader)

    def _start_again(self, dead: list[int], spawn_target: object, target_loader: object) -> bool:
        """Start workers that died; false if none of them ever came up."""
        for idx in dead:
            pid, lived = self.wrks[idx].inner.pid, time.monotonic() - self.wrks[idx].birth
            word = self._presence.word_of(pid)
            has_served = word is not None and word.phase is Phase.SERVING
            self._was_ready = self._was_ready or has_served
            self._deaths[idx] = 0 if has_served else self._deaths[idx] + 1
            self._presence.leave(pid)
            _log.error("worker died", extra={"worker": idx + 1, "lived_seconds": round(lived, 1)})
        if not self._was_ready and max(self._deaths.values()) >= _STILLBORN_MAX:
            _log.critical("no worker comes up: giving up")
            return False
        pause = max(_pause(self._deaths[idx]) for idx in dead)
        if pause:
            # Not asleep: somebody may want to stop us meanwhile.
            self.main_loop_interrupt.wait(pause)
        if not self.interrupt_signal:
            self._respawn_workers(dead, spawn_target, target_loader)
        return True

    def _ask_for_reload(self) -> None:
        try:
            self._places.ask_for_reload()
        except ConfigError as error:
            _log.error("no reload", extra={"reason": str(error)})

    def _renew_certificates(
        self,
        certificates: Certificates,
        spawn_target: object,
        target_loader: object,
    ) -> None:
        try:
            options = certificates.read()
        except ConfigError as error:
            _log.error("certificates not in force", extra={"reason": str(error)})
            return
        self.build_ssl_context(*options)
        for idx in range(self.workers):
            self._replace(idx, spawn_target, target_loader)
        _log.warning("certificates in force")

    def _replace(self, idx: int, spawn_target: object, target_loader: object) -> None:
        """Start a worker, and end the one before it when the new one serves."""
        old = self.wrks[idx]
        new = self._spawn_worker(idx=idx, target=spawn_target, callback_loader=target_loader)
        new.start()
        self.wrks[idx] = new
        self._wait_for(new.inner.pid)
        old.terminate()
        old.join(self.workers_kill_timeout)
        if old.is_alive():
            old.kill()
            old.join()
        self._presence.leave(old.inner.pid)

    def _wait_for(self, pid: int) -> None:
        deadline = time.monotonic() + _READY_SECONDS_MAX
        while time.monotonic() < deadline and not self.interrupt_signal:
            word = self._presence.word_of(pid)
            if word is not None and word.phase is Phase.SERVING:
                return
            time.sleep(_LOOK_SECONDS)

    @contextmanager
    def _draining(self) -> Iterator[None]:
        mark = self._places.draining(self.pid)
        with suppress(OSError):
            mark.touch()
        _log.warning("draining", extra={"seconds": self._drain_seconds})
        end = time.monotonic() + self._drain_seconds
        while self._drain_seconds and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)


def _pause(deaths: int) -> float:
    if deaths == 0:
        return 0.0
    return min(_PAUSE_SECONDS_MIN * 2.0 ** (deaths - 1), _PAUSE_SECONDS_MAX)
