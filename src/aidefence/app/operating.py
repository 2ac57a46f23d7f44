"""What operators do from a command line, beside a gateway or without one."""

from __future__ import annotations

from aidefence.adapters.presence import Presence
from aidefence.adapters.switch_file import SwitchFile
from aidefence.adapters.system import SystemClock
from aidefence.app.certificates import Certificates
from aidefence.app.parts.access import open_tokens
from aidefence.app.parts.store import open_audit, open_database
from aidefence.app.places import Places
from aidefence.app.policy_files import read_policies
from aidefence.app.settings import Sources
from aidefence.app.settings.reading import Flaw, read_sources
from aidefence.app.settings.telling import flaws_of, reason_of
from aidefence.app.standing import make_standing
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.switches import Switches
from aidefence.ports.renewal import Phase, Worker
from aidefence.service.operations import Operations


class Beside:
    """The processes of a gateway, seen from beside them."""

    def __init__(self, places: Places) -> None:
        self._places = places

    phase = Phase.SERVING

    def renew(self) -> Worker:
        """Ask them to read everything again; what came of it stands in their words."""
        self._places.ask_for_reload()
        return max(self.workers(), key=lambda it: it.loaded_at_ms)

    def workers(self) -> list[Worker]:
        """Tell of all processes that serve."""
        return Presence(self._places.workers).all()


def open_operations(sources: Sources) -> Operations:
    """Open what operators do.

    Raises:
        ConfigError: the settings are wrong, or the store cannot be opened.

    """
    settings = read_sources(sources)
    places = Places(settings.state_dir)
    places.prepare()
    audit = open_audit(settings, open_database(settings))
    return Operations(SwitchFile(places.switches), Beside(places), audit, SystemClock())


def check(sources: Sources) -> list[Flaw]:
    """Tell all that keeps a gateway from starting with these settings, rules and files."""
    try:
        flaws = flaws_of(sources)
        if flaws:
            return flaws
        settings = read_sources(sources)
        make_standing(settings, Switches())
        read_policies(settings.policies.files)
        open_tokens(settings)
        if settings.proxy.enabled:
            # Loaded only for those who have it.
            from aidefence.app.doors.proxy import upstreams_of  # noqa: PLC0415

            upstreams_of(settings)
        certificates = Certificates.of(settings.tls)
        if certificates is not None:
            certificates.read()
    except AIDefenceError as error:
        return [reason_of(error)]
    return []
