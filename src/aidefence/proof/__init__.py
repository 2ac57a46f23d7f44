"""Slow proving, off the path: what holds of a policy, what breaks it, and who can check that."""

from aidefence.proof.budget import Budget
from aidefence.proof.certificates import Certificate, CertificateError, certify, read_certificate
from aidefence.proof.checking import Checker, Kernel
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
from aidefence.proof.theory import Theory, shipped
from aidefence.proof.verifying import Verification, verify

__all__ = [
    "Budget",
    "Certificate",
    "CertificateError",
    "Checker",
    "Counterexample",
    "Event",
    "Kernel",
    "Outcome",
    "Proved",
    "Refuted",
    "Searched",
    "Session",
    "Theory",
    "Undecided",
    "Verification",
    "certify",
    "prove",
    "read_certificate",
    "shipped",
    "verify",
]
