"""What is asked and told about policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from aidefence.client import policy_words as words
from aidefence.client.questions import Question, as_json, without_none
from aidefence.domain.policy_store import Environment, Strategy

_PATH = "/api/v2/policies"


def create(
    name: str,
    source: str | None,
    rules: Sequence[Mapping[str, object]],
    description: str,
    *,
    verification_required: bool,
) -> Question[words.Policy]:
    """Write a policy."""
    about = {"name": name, "description": description}
    body = {**about, "verificationRequired": verification_required, **_content(source, rules)}
    return Question(_PATH, as_json(body), words.read_policy, repeatable=False)


def revise(
    policy_id: str, source: str | None, rules: Sequence[Mapping[str, object]]
) -> Question[words.Policy]:
    """Write a new version of a policy."""
    body = as_json(_content(source, rules))
    return Question(_path(policy_id), body, words.read_policy, repeatable=False, verb="PUT")


def listed(*, retired: bool) -> Question[tuple[words.PolicySummary, ...]]:
    """Ask for all policies."""
    path = f"{_PATH}?retired=true" if retired else _PATH
    return Question(path, None, words.read_policies)


def find(policy_id: str, version: int | None) -> Question[words.Policy]:
    """Ask for one version."""
    return Question(_path(policy_id, version=version), None, words.read_policy)


def versions(policy_id: str) -> Question[tuple[words.PolicySummary, ...]]:
    """Ask for all versions."""
    return Question(_path(policy_id, "versions"), None, words.read_versions)


def diff(policy_id: str, old: int | None, new: int | None) -> Question[words.PolicyDiff]:
    """Ask what changed."""
    return Question(_path(policy_id, "diff", old=old, new=new), None, words.read_diff)


def verification(policy_id: str, version: int | None) -> Question[words.PolicyVerification]:
    """Ask about proofs."""
    path = _path(policy_id, "verification", version=version)
    return Question(path, None, words.read_verification)


def verify(policy_id: str, version: int | None) -> Question[words.PolicyVerification]:
    """Have a version proved anew."""
    path = _path(policy_id, "verification", version=version)
    return Question(path, None, words.read_verification, repeatable=False, verb="POST")


def deploy(
    policy_id: str,
    environment: Environment | str,
    strategy: Strategy | str,
    percentage: float | None,
    version: int | None,
) -> Question[words.PolicyDeployment]:
    """Bring a version into force."""
    body = {
        "targetEnvironment": Environment(environment).value,
        "rolloutStrategy": Strategy(strategy).value,
        "rolloutPercentage": percentage,
        "version": version,
    }
    path, sent = _path(policy_id, "deploy"), as_json(without_none(body))
    return Question(path, sent, words.read_deployment, repeatable=False)


def deployments(policy_id: str, limit: int) -> Question[tuple[words.PolicyDeployment, ...]]:
    """Ask what was deployed."""
    return Question(_path(policy_id, "deployments", limit=limit), None, words.read_deployments)


def roll_back(
    policy_id: str, environment: Environment | str, reason: str
) -> Question[words.PolicyRollback]:
    """Undo the last deployment."""
    body = as_json({"targetEnvironment": Environment(environment).value, "reason": reason})
    return Question(_path(policy_id, "rollback"), body, words.read_rollback, repeatable=False)


def shadow(policy_id: str, environment: Environment | str) -> Question[words.PolicyShadow]:
    """Ask what a version that only watches would have decided."""
    path = _path(policy_id, "shadow", targetEnvironment=Environment(environment).value)
    return Question(path, None, words.read_shadow)


def begin_shadow(
    policy_id: str, environment: Environment | str, version: int | None
) -> Question[words.PolicyShadow]:
    """Let a version watch."""
    body = without_none({"targetEnvironment": Environment(environment).value, "version": version})
    path = _path(policy_id, "shadow")
    return Question(path, as_json(body), words.read_shadow, repeatable=False, verb="PUT")


def past(policy_id: str, version: int | None, last: int) -> Question[words.PolicyPast]:
    """Ask what a version would have decided about past requests."""
    body = as_json(without_none({"version": version, "last": last}))
    return Question(_path(policy_id, "shadow"), body, words.read_past)


def approve_call(
    tool: str, arguments: Mapping[str, object], session_id: str, minutes: float | None
) -> Question[words.CallApproval]:
    """Approve one call; sent twice, it might be made twice."""
    call = {"tool": tool, "arguments": dict(arguments), "sessionId": session_id}
    body = as_json(without_none({**call, "minutes": minutes}))
    return Question("/api/v2/approvals", body, words.read_approval, repeatable=False)


def retire(policy_id: str) -> Question[None]:
    """End a policy."""
    return Question(_path(policy_id), None, words.read_nothing, repeatable=False, verb="DELETE")


def end_shadow(policy_id: str, environment: Environment | str) -> Question[None]:
    """Let no version watch any more."""
    path = _path(policy_id, "shadow", targetEnvironment=Environment(environment).value)
    return Question(path, None, words.read_nothing, repeatable=False, verb="DELETE")


def _path(policy_id: str, rest: str = "", **query: object) -> str:
    path = f"{_PATH}/{quote(policy_id, safe='')}" + (f"/{rest}" if rest else "")
    asked = without_none(query)
    return f"{path}?{urlencode(asked)}" if asked else path


def _content(source: str | None, rules: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return without_none({"source": source, "rules": [dict(it) for it in rules] or None})
