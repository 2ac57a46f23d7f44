"""What operators do while a gateway runs: switch off, switch on, load again, look."""

from __future__ import annotations

from aidefence.domain.access import Caller
from aidefence.domain.audit import AuditAction
from aidefence.domain.errors import ConfigError
from aidefence.domain.refusals import NotFoundError
from aidefence.domain.switches import REASON_LENGTH_MAX, Switch, Switches, SwitchKind, Thrown
from aidefence.ports.clock import Clock
from aidefence.ports.renewal import Phase, Renewal, Worker
from aidefence.ports.switchboard import Switchboard
from aidefence.service.audit import Audit

_KILLS = (AuditAction.KILL_THROWN, AuditAction.KILL_RELEASED)
_FLAGS = (AuditAction.FLAG_CHANGED, AuditAction.FLAG_CHANGED)
_ACTIONS = {kind: _FLAGS if kind is SwitchKind.DOOR else _KILLS for kind in SwitchKind}


class Operations:
    """Switches and reloads. Safe to share between threads."""

    __slots__ = ("_audit", "_clock", "_renewal", "_switchboard")

    def __init__(
        self, switchboard: Switchboard, renewal: Renewal, audit: Audit, clock: Clock
    ) -> None:
        self._switchboard = switchboard
        self._renewal = renewal
        self._audit = audit
        self._clock = clock

    @property
    def phase(self) -> Phase:
        """Whether this process is starting, serving or about to end."""
        return self._renewal.phase

    def workers(self) -> list[Worker]:
        """Tell what holds in each process that serves."""
        return self._renewal.workers()

    def switches(self) -> Switches:
        """Tell what is off.

        Raises:
            ConfigError: what is kept of the switches is damaged.

        """
        return self._switchboard.read()

    def switch_off(self, switch: Switch, caller: Caller, reason: str) -> Switches:
        """Switch something off, in all processes within a second.

        Raises:
            ConfigError: it cannot be written, and nothing is switched off.
            UnavailableError: it is switched off, but the audit log did not take it.

        """
        told = " ".join(reason.split())[:REASON_LENGTH_MAX]
        thrown = Thrown(switch, caller.id, told, self._clock.now_ms())
        changed = self._switchboard.change(lambda now: now.with_off(thrown))
        # Afterwards: what protects somebody must not wait for a store that is down.
        self._audit.note(caller, _ACTIONS[switch.kind][0], str(switch), reason=told, off=True)
        return changed

    def switch_on(self, switch: Switch, caller: Caller) -> Switches:
        """Switch something on again.

        Raises:
            NotFoundError: it is not off.
            ConfigError: it cannot be written, and nothing is switched on.
            UnavailableError: it is switched on, but the audit log did not take it.

        """

        def back_on(now: Switches) -> Switches:
            if all(it.switch != switch for it in now.off):
                raise NotFoundError(f"`{switch}` is not switched off")
            return now.without(switch)

        changed = self._switchboard.change(back_on)
        self._audit.note(caller, _ACTIONS[switch.kind][1], str(switch), off=False)
        return changed

    def reload(self, caller: Caller) -> Worker:
        """Read settings, rules and lists again; in the other processes within a second.

        Raises:
            ConfigError: they are wrong; what stood before still does.
            UnavailableError: they are in force, but the audit log did not take it.

        """
        try:
            worker = self._renewal.renew()
        except ConfigError as error:
            self._audit.note(caller, AuditAction.CONFIG_REFUSED, reason=str(error))
            raise
        self._audit.note(caller, AuditAction.CONFIG_LOADED, worker.policy_version)
        return worker
