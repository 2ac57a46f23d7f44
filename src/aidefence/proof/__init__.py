"""Slow proving, off the path: what holds of a policy, what breaks it, and who can check that."""

from aidefence.proof.budget import Budget
from aidefence.proof.certificates import Certificate, CertificateError, certify, read_certificate
from aidefence.proof.checking import Ground, ground_of
from aidefence.proof.outcomes import (
    Counterexample,
    Event,
    Outcome,
    Proved,
    Refuted,
    Searched,
    Undecided,
)
from aidefence.proof.proving import Session, prove
from aidefence.proof.verifying import Verification, verify

__all__ = [
    "Budget",
    "Certificate",
    "CertificateError",
    "Counterexample",
    "Event",
    "Ground",
    "Outcome",
    "Proved",
    "Refuted",
    "Searched",
    "Session",
    "Undecided",
    "Verification",
    "certify",
    "ground_of",
    "prove",
    "read_certificate",
    "verify",
]
