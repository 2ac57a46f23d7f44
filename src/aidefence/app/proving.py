"""Proving with the key of this installation: certificates signed, logged and checked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aidefence.adapters.policy_log import PolicyLog
from aidefence.adapters.signing import SigningKey, read_public
from aidefence.adapters.system import SystemClock
from aidefence.app.places import Places
from aidefence.app.settings import Sources
from aidefence.app.settings.reading import read_sources
from aidefence.engine.policies import PolicySet
from aidefence.policy.image import Image
from aidefence.policy.properties import Property
from aidefence.proof import (
    Budget,
    Certificate,
    Session,
    Verification,
    certify,
    prove,
    verify,
)


@dataclass(frozen=True, slots=True)
class ProofDesk:
    """What proves policies, signs what came of it and checks what others signed."""

    key: SigningKey
    log: PolicyLog
    clock: SystemClock

    @staticmethod
    def of(sources: Sources) -> ProofDesk:
        """Take key and log of an installation with these settings; they are made where missing.

        Raises:
            ConfigError: the settings are wrong, or key and log cannot be used.

        """
        settings = read_sources(sources)
        Places(settings.state_dir).prepare()
        key = SigningKey(settings.state_dir / "audit.key")
        for path in settings.store.audit_keys:
            key.trust(read_public(path))
        return ProofDesk(key, PolicyLog(settings.state_dir / "policy.log", key), SystemClock())

    def trust(self, path: Path) -> None:
        """Take what another installation signed for signed; this is its public key.

        Raises:
            ConfigError: the file holds no key.

        """
        self.key.trust(read_public(path))

    def prove(
        self,
        image: Image,
        properties: Sequence[Property],
        *,
        budget: Budget | None = None,
        against: Mapping[str, Image] | None = None,
        told: Callable[[], None] | None = None,
    ) -> Session:
        """Decide and prove what is claimed, with the evaluator that serves requests."""
        load = PolicySet.load
        return prove(image, properties, load=load, budget=budget, against=against, told=told)

    def certify(self, session: Session) -> Certificate:
        """Sign what a session proved, and add it to the log."""
        now_ms = self.clock.now_ms()
        certificate = certify(session, self.key, now_ms)
        self.log.append(certificate, now_ms)
        return certificate

    def verify(
        self,
        certificate: Certificate,
        image: Image,
        *,
        against: Mapping[str, Image] | None = None,
        delta: bytes | None = None,
        claims: Sequence[Property] = (),
    ) -> Verification:
        """Check a certificate of a policy from nothing; `claims` it has to speak of."""
        return verify(
            certificate,
            image,
            known=self.key.verify,
            now_ms=self.clock.now_ms(),
            against=against,
            delta=delta,
            claims=claims,
        )
