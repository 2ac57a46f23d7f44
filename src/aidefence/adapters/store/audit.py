"""The audit log, in the store: one chain, whose end is also noted in a file outside of it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from aidefence.adapters.journal.segments import alone
from aidefence.adapters.signing import SigningKey
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import AUDIT, AUDIT_HEAD
from aidefence.adapters.store.writing import plain
from aidefence.domain.audit import AuditAction, AuditEvent, AuditFault, AuditRecord, AuditReport
from aidefence.domain.canonical import canonical

_log = logging.getLogger("aidefence.audit")

GENESIS = "0" * 64
_PAGE = 1000
_FAULTS_MAX = 100


class AuditChain:
    """Appends to the chain and reads it."""

    def __init__(self, database: Database, key: SigningKey, head: Path) -> None:
        """`head` is the file that notes the end of the chain."""
        self._database = database
        self._key = key
        self._head = HeadFile(head)

    def append(self, event: AuditEvent, at_ms: int) -> AuditRecord:
        """Append an event."""
        with self._database.change() as connection:
            # Held until the change ends: there is one end of the chain, and one who adds to it.
            last = connection.execute(select(AUDIT_HEAD).with_for_update()).one()
            number, previous = last.number + 1, last.hash
            body = _write(number, at_ms, event, previous)
            record = AuditRecord(
                number=number,
                at_ms=at_ms,
                event=event,
                previous=previous,
                hash=sha256(body.encode()).hexdigest(),
                key_id=self._key.key_id,
                signature=self._key.sign(sha256(body.encode()).digest()).hex(),
            )
            self._insert(connection, record, body)
            self._database.afterwards(lambda: self._head.note(record))
        return record

    def read(
        self, tenant: str | None, actions: Collection[AuditAction], after: int, limit: int
    ) -> Sequence[AuditRecord]:
        """Return records behind a number, oldest first; of all tenants where none is named."""
        query = select(AUDIT).where(AUDIT.c.number > after).order_by(AUDIT.c.number).limit(limit)
        if tenant is not None:
            query = query.where(AUDIT.c.tenant == plain(tenant))
        if actions:
            query = query.where(AUDIT.c.action.in_([it.value for it in actions]))
        with self._database.read() as connection:
            return [_open(row) for row in connection.execute(query)]

    def verify(self, expected_head: str | None = None) -> AuditReport:
        """Read the whole chain, and hold its end against the file, the table and what was noted."""
        faults: list[AuditFault] = []
        last, number, noted = GENESIS, 0, self._head.read()
        seen = expected_head is None
        noted_hash = GENESIS
        with self._database.read() as connection:
            head = connection.execute(select(AUDIT_HEAD)).one_or_none()
            for row in _rows(connection):
                faults += _check(row, number + 1, last, self._key)
                number, last = row.number, row.hash
                seen = seen or last == expected_head
                noted_hash = last if noted and number == noted[0] else noted_hash
        if head is None or (head.number, head.hash) != (number, last):
            told = "nothing" if head is None else f"record {head.number}"
            faults.append(AuditFault(number, f"the chain should end with {told}, and ends here"))
        if noted is not None and noted[1] != noted_hash:
            reason = f"record {noted[0]}, noted outside of the store as the end, is not this one"
            faults.append(AuditFault(min(noted[0], number), reason))
        if not seen:
            faults.append(AuditFault(number, f"no record has the hash `{expected_head}`"))
        return AuditReport(number, last if number else None, tuple(faults[:_FAULTS_MAX]))

    def _insert(self, connection: Connection, record: AuditRecord, body: str) -> None:
        row = {
            "number": record.number,
            "tenant": plain(record.event.tenant),
            "action": record.event.action.value,
            "body": body,
            "hash": record.hash,
            "key_id": record.key_id,
            "signature": record.signature,
        }
        connection.execute(insert(AUDIT).values(**row))
        head = {"number": record.number, "hash": record.hash}
        connection.execute(update(AUDIT_HEAD).values(**head))


class HeadFile:
    """Notes the end of the chain outside of the store, so that cutting it off there shows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[int, str] | None:
        """Return number and hash of the record that was noted last."""
        try:
            told = json.loads(self._path.read_text("ascii"))
            return int(told["number"]), str(told["hash"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            # Not to be told from a file that somebody spoiled: no record fits it.
            return 0, ""

    def note(self, record: AuditRecord) -> None:
        """Note a record, unless a later one is noted."""
        draft = self._path.with_suffix(".part")
        told = {"number": record.number, "hash": record.hash, "signature": record.signature}
        try:
            with alone(self._path.with_suffix(".lock")):
                known = self.read()
                if known is not None and known[0] >= record.number:
                    return
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(handle, "w", encoding="ascii") as stream:
                    stream.write(json.dumps({**told, "key_id": record.key_id}) + "\n")
                    stream.flush()
                    os.fsync(stream.fileno())
                draft.replace(self._path)
        except OSError as error:
            # The record itself is safe; the next one is noted again.
            _log.warning("end of the audit log not noted", extra={"reason": error.strerror})


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    last = None
    while True:
        query = select(AUDIT).order_by(AUDIT.c.number).limit(_PAGE)
        if last is not None:
            query = query.where(AUDIT.c.number > last)
        rows = connection.execute(query).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        last = rows[-1].number


def _check(row: Row[Any], number: int, previous: str, key: SigningKey) -> Iterator[AuditFault]:
    if row.number != number:
        missing = f"{number}" if row.number == number + 1 else f"{number} to {row.number - 1}"
        yield AuditFault(row.number, f"record {missing} before it is gone")
    digest = sha256(row.body.encode())
    if digest.hexdigest() != row.hash:
        yield AuditFault(row.number, "what it says was changed")
        return
    problem = key.verify(row.key_id, _bytes(row.signature), digest.digest())
    if problem is not None:
        yield AuditFault(row.number, problem)
    try:
        told = _open(row)
    except (ValueError, KeyError, TypeError):
        yield AuditFault(row.number, "it is signed, and no record that this version knows")
        return
    if told.number != row.number:
        yield AuditFault(row.number, f"it stands in the place of record {told.number}")
    if (plain(told.event.tenant), told.event.action.value) != (row.tenant, row.action):
        yield AuditFault(row.number, "tenant or action beside it were changed")
    if row.number == number and told.previous != previous:
        yield AuditFault(row.number, "it does not follow the record before it")


def _write(number: int, at_ms: int, event: AuditEvent, previous: str) -> str:
    return canonical(
        {
            "number": number,
            "at": at_ms,
            "action": event.action.value,
            "actor": event.actor,
            "tenant": event.tenant,
            "target": event.target,
            "details": dict(event.details),
            "previous": previous,
        }
    )


def _open(row: Row[Any]) -> AuditRecord:
    told = json.loads(row.body)
    event = AuditEvent(
        AuditAction(told["action"]),
        told["actor"],
        told["tenant"],
        told["target"],
        told["details"],
    )
    return AuditRecord(
        number=told["number"],
        at_ms=told["at"],
        event=event,
        previous=told["previous"],
        hash=row.hash,
        key_id=row.key_id,
        signature=row.signature,
    )


def _bytes(signature: str) -> bytes:
    try:
        return bytes.fromhex(signature)
    except ValueError:
        return b""
