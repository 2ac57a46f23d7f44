"""All tables. Migrations make them; a test holds both against each other."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA: Final = MetaData()
# SQLite counts by itself only in a column of just this type.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

EPISODES: Final = Table(
    "episodes",
    METADATA,
    Column("seq", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("detected", SmallInteger, nullable=False),
    Column("category", SmallInteger, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("episodes_by_time", "at_ms"),
    # Of those in which something was detected, as its migration says for both databases: to say it
    # here, too, would load what speaks to PostgreSQL into every process.
    Index("episodes_feed", "tenant", "seq", sqlite_where=text("detected = 1")),
    # A cursor that somebody holds must never mean another episode later.
    sqlite_autoincrement=True,
)

CONTENTS: Final = Table(
    "contents",
    METADATA,
    Column("request_id", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Index("contents_by_time", "at_ms"),
)

SEGMENTS: Final = Table(
    "segments",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("done", SmallInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

ROLLUPS: Final = Table(
    "rollups",
    METADATA,
    Column("step_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", Text, primary_key=True),
    Column("door", Text, primary_key=True),
    Column("action", SmallInteger, primary_key=True, autoincrement=False),
    Column("category", SmallInteger, primary_key=True, autoincrement=False),
    Column("decisions", BigInteger, nullable=False),
)

LATENCIES: Final = Table(
    "latencies",
    METADATA,
    Column("step_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", Text, primary_key=True),
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    Column("decisions", BigInteger, nullable=False),
)

FEEDBACK: Final = Table(
    "feedback",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("truth", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("category", SmallInteger, nullable=False),
    Column("episode_ms", BigInteger, nullable=False),
    Column("context", Text, nullable=False),
    Column("episode", LargeBinary, nullable=False),
    UniqueConstraint("request_id", "by", name="feedback_one_word"),
    Index("feedback_by_time", "tenant", "at_ms"),
    Index("feedback_by_episode", "tenant", "episode_ms"),
)

REVIEWS: Final = Table(
    "reviews",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("request_id", Text, nullable=False, unique=True),
    Column("tenant", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("claimed_by", Text),
    Column("claimed_until_ms", BigInteger, nullable=False),
    Column("settled_by", Text),
    Column("settled_ms", BigInteger, nullable=False),
    Column("episode", LargeBinary, nullable=False),
    Index("reviews_queue", "tenant", "state", "due_ms"),
)

COMMENTS: Final = Table(
    "comments",
    METADATA,
    Column("seq", _COUNTED, primary_key=True, autoincrement=True),
    Column("case_id", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Index("comments_by_case", "case_id"),
)

JOBS: Final = Table(
    "jobs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("payload", LargeBinary),
    Column("result", LargeBinary),
    Column("problem", Text),
    Column("settled_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("webhook", Text),
    Column("tries", Integer, nullable=False),
    Column("tell_ms", BigInteger),
    Column("told_ms", BigInteger, nullable=False),
    Index("jobs_queue", "state", "due_ms"),
    Index("jobs_to_tell", "tell_ms"),
)

AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Index("audit_by_tenant", "tenant", "number"),
)

AUDIT_HEAD: Final = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("permissions", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Column("rotated_ms", BigInteger),
    Column("previous_until_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("last_used_ms", BigInteger),
    Column("digest", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
)

ENDED_SESSIONS: Final = Table(
    "ended_sessions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("expires_ms", BigInteger, nullable=False),
)

ACCESS_STATE: Final = Table(
    "access_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("generation", BigInteger, nullable=False),
)

USAGE: Final = Table(
    "usage",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("used", BigInteger, nullable=False),
)

POLICIES: Final = Table(
    "policies",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("verification_required", SmallInteger, nullable=False),
    Column("newest", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("retired_ms", BigInteger),
    Index("policies_by_tenant", "tenant", "created_ms"),
)

POLICY_VERSIONS: Final = Table(
    "policy_versions",
    METADATA,
    Column("policy_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("source", LargeBinary, nullable=False),
    Column("image", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    Column("properties", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

POLICY_VERIFICATIONS: Final = Table(
    "policy_verifications",
    METADATA,
    Column("policy_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("tenant", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("requested_ms", BigInteger, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("stale", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("report", LargeBinary),
    Column("certificate", LargeBinary),
    Column("settled_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index("policy_verifications_by_state", "state"),
)

POLICY_SLOTS: Final = Table(
    "policy_slots",
    METADATA,
    Column("policy_id", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("stable", Integer),
    Column("stable_deployment", Text, nullable=False),
    Column("candidate", Integer),
    Column("candidate_deployment", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("share", Integer, nullable=False),
    Column("stage_ms", BigInteger, nullable=False),
    Column("shadow", Integer),
    Column("shadow_ms", BigInteger, nullable=False),
)

POLICY_DEPLOYMENTS: Final = Table(
    "policy_deployments",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("policy_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("environment", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("share", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("verified", SmallInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("settled_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", Integer),
    Index("policy_deployments_by_policy", "policy_id", "at_ms"),
)

POLICY_STATE: Final = Table(
    "policy_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("generation", BigInteger, nullable=False),
)

POLICY_NODES: Final = Table(
    "policy_nodes",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("pid", Integer, primary_key=True, autoincrement=False),
    Column("environment", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("loaded", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("problem", Text, nullable=False),
)

POLICY_TALLIES: Final = Table(
    "policy_tallies",
    METADATA,
    Column("deployment_id", Text, primary_key=True),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("arm", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    Column("decisions", BigInteger, nullable=False),
)

POLICY_SHADOWS: Final = Table(
    "policy_shadows",
    METADATA,
    Column("policy_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("environment", Text, primary_key=True),
    Column("was", SmallInteger, primary_key=True, autoincrement=False),
    Column("would", SmallInteger, primary_key=True, autoincrement=False),
    Column("decisions", BigInteger, nullable=False),
    Column("examples", Text, nullable=False),
)
