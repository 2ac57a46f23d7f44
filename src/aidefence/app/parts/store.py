"""What is kept of requests, and who keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from aidefence.adapters.cipher import AesGcm
from aidefence.adapters.journal.log import JournalLimits, JournalLog
from aidefence.adapters.keyring import KeyFile
from aidefence.adapters.signing import SigningKey, read_public
from aidefence.adapters.store.audit import AuditChain
from aidefence.adapters.store.contents import Contents
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.episodes import EpisodeTable, waiting_bytes
from aidefence.adapters.store.feedback import FeedbackTable
from aidefence.adapters.store.folding import Folding, Sampling
from aidefence.adapters.store.jobs import JobTable
from aidefence.adapters.store.migrating import ensure_current
from aidefence.adapters.store.retention import RetentionTable
from aidefence.adapters.store.reviews import ReviewTable
from aidefence.adapters.system import RandomIds, SystemClock
from aidefence.adapters.webhook import WebhookCourier
from aidefence.app.settings.words import KeptContent
from aidefence.domain.episode import JournalState
from aidefence.domain.errors import ConfigError
from aidefence.domain.refusals import UnavailableError
from aidefence.ports.clock import Clock
from aidefence.service.audit import Audit
from aidefence.service.episodes import Episodes
from aidefence.service.feedback import Feedbacks
from aidefence.service.jobs import JobLimits, Jobs
from aidefence.service.retention import Retention, RetentionPolicy
from aidefence.service.reviews import Reviews
from aidefence.service.sealing import Sealer, derived
from aidefence.service.webhooks import Signer

if TYPE_CHECKING:
    from aidefence.app.settings import Settings
    from aidefence.app.settings.store import StoreSettings

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Store:
    """All that remembers, over one database and one folder."""

    database: Database
    log: JournalLog
    folding: Folding
    episodes: Episodes
    feedback: Feedbacks
    reviews: Reviews
    audit: Audit
    jobs: Jobs
    retention: Retention


def open_database(settings: Settings) -> Database:
    """Give the one database of a process; its tables are of the shape that we speak.

    Raises:
        ConfigError: it cannot be opened, is damaged, or must be upgraded by hand.

    """
    url = settings.store.url
    return _database(settings.state_dir, None if url is None else url.get_secret_value())


def locate_database(settings: Settings) -> Database:
    """Give the database as it is, whatever the shape of its tables."""
    folder = make_folder(settings.state_dir)
    url = settings.store.url
    if url is None:
        return Database.in_file(folder / "aidefence.db")
    return Database(url.get_secret_value())


def upgrade_lock(settings: Settings) -> Path:
    """Name the lock that whoever upgrades holds."""
    return settings.state_dir / "aidefence.db.lock"


def open_store(
    settings: Settings, redact: Callable[[str], str], clock: Clock | None = None
) -> Store:
    """Open all that remembers; `redact` takes out of a text what is private.

    Raises:
        ConfigError: something of it cannot be opened.

    """
    chosen = settings.store
    database = open_database(settings)
    folder = settings.state_dir
    journal = make_folder(folder / "journal")
    clock, ids = clock or SystemClock(), RandomIds()
    keys = KeyFile(folder / "installation.key")
    contents = _contents(chosen, keys, redact)
    log = JournalLog(
        journal,
        node=settings.server.node,
        digest_key=derived(keys.secrets()[-1].key, b"digest"),
        now_ms=clock.now_ms,
        least=chosen.on_error.least,
        seal=None if contents is None else contents.seal,
        limits=JournalLimits(journal_bytes_max=chosen.journal_bytes_max),
    )
    folding = Folding(
        database,
        journal,
        sampling=_sampling(chosen),
        now_ms=clock.now_ms,
        keep=_keep_nothing if contents is None else contents.keep,
    )
    audit = open_audit(settings, database)
    archive = EpisodeTable(
        database,
        journal,
        contents=_open_nothing if contents is None else contents.open,
        state=lambda: _state(log, folding, database, journal),
    )
    episodes = Episodes(archive, audit, clock)
    feedback = Feedbacks(FeedbackTable(database), episodes, audit, database.together, clock, ids)
    claim_ms = round(chosen.claim_minutes * 60_000)
    reviews = Reviews(
        ReviewTable(database), feedback, audit, database.together, clock, claim_ms=claim_ms
    )
    return Store(
        database=database,
        log=log,
        folding=folding,
        episodes=episodes,
        feedback=feedback,
        reviews=reviews,
        audit=audit,
        jobs=_jobs(chosen, database, keys, clock, ids),
        retention=Retention(RetentionTable(database), _policy(chosen), audit, clock),
    )


def open_audit(settings: Settings, database: Database) -> Audit:
    """Open the audit log alone.

    Raises:
        ConfigError: its key cannot be used.

    """
    folder = settings.state_dir
    signing = _signing(folder, settings.store)
    return Audit(AuditChain(database, signing, folder / "audit.head"), SystemClock())


def make_folder(folder: Path) -> Path:
    """Make a folder for its owner alone.

    Raises:
        ConfigError: it cannot be made.

    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot make folder `{folder}`: {reason}") from error
    return folder


@lru_cache(maxsize=16)
def _database(state_dir: Path, url: str | None) -> Database:
    folder = make_folder(state_dir)
    database = Database.in_file(folder / "aidefence.db") if url is None else Database(url)
    ensure_current(database, folder / "aidefence.db.lock")
    # Workers may be copies of this process: none of them shall hold a connection of another.
    database.close()
    return database


def _contents(
    chosen: StoreSettings, keys: KeyFile, redact: Callable[[str], str]
) -> Contents | None:
    if chosen.content is KeptContent.DIGEST:
        return None
    return Contents(
        Sealer(AesGcm(), keys.secrets, b"contents"),
        bytes_max=chosen.content_bytes_max,
        redact=redact if chosen.content is KeptContent.REDACTED else None,
    )


def _sampling(chosen: StoreSettings) -> Sampling:
    return Sampling(
        low=chosen.review_low,
        high=chosen.review_high,
        share=chosen.review_share,
        waiting_max=chosen.review_samples_max,
        due_ms=round(chosen.review_hours * _HOUR_MS),
    )


def _policy(chosen: StoreSettings) -> RetentionPolicy:
    return RetentionPolicy(
        episodes=chosen.retention_days,
        contents=chosen.content_retention_days,
        feedback=chosen.feedback_retention_days,
        reviews=chosen.review_retention_days,
    )


def _signing(folder: Path, chosen: StoreSettings) -> SigningKey:
    key = SigningKey(folder / "audit.key")
    for path in chosen.audit_keys:
        key.trust(read_public(path))
    return key


def _jobs(
    chosen: StoreSettings, database: Database, keys: KeyFile, clock: Clock, ids: RandomIds
) -> Jobs:
    secret = chosen.webhook_secret
    signed = secret.get_secret_value().encode() if secret is not None else b""
    limits = JobLimits(chosen.jobs_waiting_max, round(chosen.job_result_hours * _HOUR_MS))
    return Jobs(
        JobTable(database),
        Sealer(AesGcm(), keys.secrets, b"jobs"),
        # Without a secret nobody could tell our word from another's.
        WebhookCourier(chosen.webhook_hosts if signed else ()),
        Signer(signed),
        clock,
        ids,
        limits=limits,
    )


def _state(log: JournalLog, folding: Folding, database: Database, journal: Path) -> JournalState:
    try:
        waiting = waiting_bytes(database, journal)
    except UnavailableError as error:
        return JournalState(-1, log.lost, folding.damaged, str(error))
    return JournalState(waiting, log.lost, folding.damaged, log.problem)


def _keep_nothing(sealed: bytes, request_id: str) -> bytes | None:  # noqa: ARG001
    return None


def _open_nothing(value: bytes, request_id: str) -> tuple[str, ...] | None:  # noqa: ARG001
    return None
