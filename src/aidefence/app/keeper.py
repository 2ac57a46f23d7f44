"""Keeps what stands in one process in step with files and switches."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from aidefence.adapters.memory import Spare, settle
from aidefence.adapters.presence import Presence
from aidefence.app import wiring
from aidefence.app.fingerprints import Fingerprint, fingerprint, watched
from aidefence.app.places import Places
from aidefence.app.standing import make_standing
from aidefence.domain.errors import AIDefenceError, ConfigError
from aidefence.domain.switches import Switches
from aidefence.ports.clock import Clock
from aidefence.ports.renewal import Phase, Worker
from aidefence.ports.switchboard import Switchboard
from aidefence.service.standing import Standing

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

Prepare: TypeAlias = "Callable[[Settings], Callable[[], None]]"
"""Gets ready for new settings, or raises `ConfigError`; what it returns puts them in force."""

_TICK_SECONDS = 0.2
# Rules may be thousands of files: they are looked at less often than switches.
_TICKS_PER_FILES = 5
# Giving memory back holds up whoever asks for some: seldom enough that nobody notices.
_TICKS_PER_SPARE = 25
_RESTART = ("server", "tls", "log", "state_dir", "store", "redis_url", "auth")
_SETTINGS, _SWITCHES = "settings", "switches"

_log = logging.getLogger("aidefence.reload")


class Keeper:
    """Swaps what stands whole: a file or a switch that is wrong leaves the old one in force."""

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        switchboard: Switchboard,
        clock: Clock,
        config: Path | None = None,
    ) -> None:
        """`read` reads settings anew; `config` is the file they come from, if there is one."""
        self._places = Places(settings.state_dir)
        self._presence = Presence(self._places.workers)
        self._read, self._config = read, config
        self.switchboard, self._clock = switchboard, clock
        self._settings = self._began_with = settings
        self._parent = os.getppid()
        self._prepares: list[Prepare] = []
        self._takers: list[Callable[[Standing], None]] = []
        self._renewing = threading.Lock()
        self._wake, self._asked = threading.Event(), threading.Event()
        self._phase = Phase.SERVING
        self._reasons: dict[str, str] = {}
        self._is_watching = False
        self.failures = 0
        """How often something new was not put in force."""
        # Before anything is read: what changes meanwhile must not be missed.
        self._seen_switches = fingerprint((self._places.switches,))
        self._seen_files = self._fingerprint()
        self._switches = Switches()
        # A damaged file of switches must not keep a gateway from starting: it says so instead.
        with suppress(ConfigError), self._telling(_SWITCHES):
            self._switches = switchboard.read()
        self.standing = make_standing(settings, self._switches)
        self._loaded_at_ms = clock.now_ms()

    def feed(self, take: Callable[[Standing], None]) -> None:
        """Hand every new standing to somebody, in one step."""
        self._takers.append(take)

    def also(self, prepare: Prepare) -> None:
        """Renew something else together with what stands."""
        self._prepares.append(prepare)

    @property
    def phase(self) -> Phase:
        """Where this process is in its life."""
        if self._places.draining(self._parent).exists():
            return Phase.DRAINING
        return self._phase

    @property
    def switched_off(self) -> int:
        """How many switches are off."""
        return len(self._switches.off)

    def ask(self) -> None:
        """Read everything again here, soon."""
        self._asked.set()

    def workers(self) -> list[Worker]:
        """Tell of all processes that serve."""
        return self._presence.all()

    def renew(self) -> Worker:
        """Read everything again, here now and in the others soon."""
        self._renew()
        self._places.ask_for_reload()
        return self._worker()

    def start(self) -> None:
        """Load what the first text would wait for, then watch, in a thread; until then unready."""
        self._phase = Phase.STARTING
        threading.Thread(target=self._live, name="keeper", daemon=True).start()

    def end(self) -> None:
        """Stop watching, and take away what was told of this process."""
        self._wake.set()
        self._presence.leave(os.getpid())

    def _live(self) -> None:
        self._is_watching = True
        self._tell()
        # What fails here is told by /readyz and by every text that needed it; the rest goes on.
        with suppress(Exception):
            self.standing.inspector.warm()
            # What reads tools takes a second to make.
            self.standing.guard.inspect_tools([])
        settle()
        self._phase = Phase.SERVING
        self._tell()
        self._watch()

    def _watch(self) -> None:
        places = self._places
        switches, files = self._seen_switches, self._seen_files
        asked, before, ticks = fingerprint((places.reload,)), files, 0
        spare = Spare()
        while not self._wake.wait(_TICK_SECONDS):
            ticks += 1
            if os.getppid() != self._parent:
                # Nobody is left who would stop us, or start us again.
                os.kill(os.getpid(), signal.SIGTERM)
                return
            if ticks % _TICKS_PER_SPARE == 0:
                spare.give_back()
            if (now := fingerprint((places.switches,))) != switches:
                switches = now
                self._attempt(self._switch)
            if (now := fingerprint((places.reload,))) != asked or self._asked.is_set():
                self._asked.clear()
                asked, files = now, self._fingerprint()
                self._attempt(self._renew)
            elif self._settings.server.watch_files and ticks % _TICKS_PER_FILES == 0:
                now = self._fingerprint()
                # Twice the same: whoever writes the files is done.
                if files != now == before:
                    files = now
                    self._attempt(self._renew)
                before = now

    def _fingerprint(self) -> Fingerprint:
        return fingerprint(watched(self._settings, self._config))

    def _attempt(self, what: Callable[[], None]) -> None:
        try:
            what()
        except AIDefenceError:
            return
        except Exception:  # noqa: BLE001
            # Whatever it is: this process goes on with what it has.
            _log.exception("nothing new in force")

    def _switch(self) -> None:
        with self._renewing, self._telling(_SWITCHES):
            switches = self.switchboard.read()
            self._put_in_force(self._settings, switches)
        off = [str(it.switch) for it in switches.off]
        _log.warning("switches in force", extra={"generation": switches.generation, "off": off})

    def _renew(self) -> None:
        with self._renewing, self._telling(_SETTINGS):
            settings = self._read()
            commits = [prepare(settings) for prepare in self._prepares]
            self._put_in_force(settings, self._switches)
            for commit in commits:
                commit()
            self._loaded_at_ms = self._clock.now_ms()
        version, restart = self.standing.inspector.policy_version, self._need_restart()
        _log.warning("settings in force", extra={"policy": version, "restart": restart})

    def _put_in_force(self, settings: Settings, switches: Switches) -> None:
        standing = make_standing(settings, switches)
        standing.inspector.warm()
        self.standing = standing
        for take in self._takers:
            take(standing)
        self._settings, self._switches = settings, switches
        wiring.forget()

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Keep in mind, and tell, why something new is not in force."""
        try:
            yield
            self._reasons.pop(what, None)
        except Exception as error:
            self.failures += 1
            self._reasons[what] = str(error)
            _log.error("%s not in force", what, extra={"reason": str(error)})
            raise
        finally:
            if self._is_watching:
                self._tell()

    def _tell(self) -> None:
        # Only a word to operators: a full disk must not end the thread that watches.
        with suppress(OSError):
            self._presence.tell(self._worker())

    def _worker(self) -> Worker:
        return Worker(
            pid=os.getpid(),
            phase=self.phase,
            generation=self._switches.generation,
            policy_version=self.standing.inspector.policy_version,
            loaded_at_ms=self._loaded_at_ms,
            failure="; ".join(self._reasons.values()),
            restart=self._need_restart(),
        )

    def _need_restart(self) -> tuple[str, ...]:
        now, then = self._settings, self._began_with
        return tuple(name for name in _RESTART if getattr(now, name) != getattr(then, name))
