"""Policies: written, proved, compared, brought into force and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

import msgspec
from msgspec import Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import (
    Handle,
    House,
    Operation,
    Shape,
    read_json,
    read_query,
    say,
)
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.policies_telling import (
    tell_deployment,
    tell_diff,
    tell_past,
    tell_policy,
    tell_shadow,
    tell_summary,
    tell_verification,
)
from aidefence.delivery.rest.policies_wire import (
    DeploymentList,
    DeploymentsQuery,
    DeployRequest,
    DiffQuery,
    EnvironmentQuery,
    PastRequest,
    PoliciesQuery,
    PolicyList,
    PolicyRequest,
    PolicyRule,
    RollbackRequest,
    ShadowRequest,
    VersionList,
    VersionQuery,
    VersionRequest,
    WireDeployment,
    WireDiff,
    WireParaphrase,
    WirePast,
    WirePolicy,
    WireRollback,
    WireShadow,
    WireVerification,
)
from aidefence.delivery.rest.remembered import there
from aidefence.domain.access import Permission
from aidefence.domain.enums import Action
from aidefence.domain.policy_store import Environment, Strategy
from aidefence.domain.refusals import NotFoundError
from aidefence.policy.lean import write_lean
from aidefence.service.authoring import RuleWish
from aidefence.service.policies import PolicyView, PolicyWish
from aidefence.service.policy_desk import PolicyDesk
from aidefence.service.rollouts import DeployWish

PATH = "/api/v2/policies"
_ONE = f"{PATH}/{{id}}"
_Work: TypeAlias = Callable[[PolicyDesk], object]

_decode_policy = msgspec.json.Decoder(PolicyRequest).decode
_decode_version = msgspec.json.Decoder(VersionRequest).decode
_decode_deploy = msgspec.json.Decoder(DeployRequest).decode
_decode_rollback = msgspec.json.Decoder(RollbackRequest).decode
_decode_past = msgspec.json.Decoder(PastRequest).decode
_decode_shadow = msgspec.json.Decoder(ShadowRequest).decode


async def _create(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_policy)
    wish = PolicyWish(
        given.name,
        given.description,
        _rules(given.rules),
        given.source,
        given.verification_required,
    )
    return await _do(
        house, lambda desk: _policy(desk.policies.create(wish, call.caller)), status=201
    )


async def _list(house: House, call: Call) -> Response:
    query = read_query(call, PoliciesQuery)
    return await _do(
        house,
        lambda desk: PolicyList(
            tuple(map(tell_summary, desk.policies.all(call.caller, retired=query.retired)))
        ),
    )


async def _show(house: House, call: Call) -> Response:
    query = read_query(call, VersionQuery)
    return await _do(
        house,
        lambda desk: _policy(desk.policies.find(_id(call), call.caller, query.version)),
    )


async def _revise(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_version)
    wish = PolicyWish("", rules=_rules(given.rules), source=given.source)
    return await _do(
        house, lambda desk: _policy(desk.policies.revise(_id(call), wish, call.caller))
    )


async def _retire(house: House, call: Call) -> Response:
    desk = there(house.services.policies)
    await asyncio.to_thread(desk.policies.retire, _id(call), call.caller)
    return Response(status_code=204)


async def _versions(house: House, call: Call) -> Response:
    return await _do(
        house,
        lambda desk: VersionList(
            tuple(map(tell_summary, desk.policies.versions(_id(call), call.caller)))
        ),
    )


async def _diff(house: House, call: Call) -> Response:
    query = read_query(call, DiffQuery)
    return await _do(
        house,
        lambda desk: tell_diff(desk.policies.diff(_id(call), call.caller, query.old, query.new)),
    )


async def _paraphrase(house: House, call: Call) -> Response:
    query = read_query(call, VersionQuery)

    def say_it(desk: PolicyDesk) -> WireParaphrase:
        version, sentences = desk.policies.paraphrase(_id(call), call.caller, query.version)
        return WireParaphrase(version.policy_id, version.version, sentences)

    return await _do(house, say_it)


async def _verification(house: House, call: Call) -> Response:
    query = read_query(call, VersionQuery)
    return await _do(
        house,
        lambda desk: tell_verification(
            desk.policies.verification(_id(call), call.caller, query.version)
        ),
    )


async def _verify(house: House, call: Call) -> Response:
    query = read_query(call, VersionQuery)
    return await _do(
        house,
        lambda desk: tell_verification(desk.policies.verify(_id(call), call.caller, query.version)),
        status=202,
    )


async def _certificate(house: House, call: Call) -> Response:
    query = read_query(call, VersionQuery)
    desk = there(house.services.policies)
    found = await asyncio.to_thread(
        desk.policies.verification, _id(call), call.caller, query.version
    )
    if found.certificate is None:
        raise NotFoundError(f"version {found.version} of policy `{found.policy_id}` has none")
    return Response(found.certificate, media_type="application/json")


async def _deploy(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_deploy)
    wish = DeployWish(
        Environment(given.target_environment),
        Strategy(given.rollout_strategy),
        given.rollout_percentage,
        given.version,
    )
    return await _do(
        house, lambda desk: tell_deployment(desk.rollouts.deploy(_id(call), wish, call.caller))
    )


async def _deployments(house: House, call: Call) -> Response:
    query = read_query(call, DeploymentsQuery)
    return await _do(
        house,
        lambda desk: DeploymentList(
            tuple(map(tell_deployment, desk.rollouts.history(_id(call), call.caller, query.limit)))
        ),
    )


async def _roll_back(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_rollback)
    where = Environment(given.target_environment)

    def roll_back(desk: PolicyDesk) -> WireRollback:
        slot = desk.rollouts.roll_back(_id(call), where, call.caller, given.reason)
        return WireRollback(slot.policy_id, slot.environment.value, slot.stable)

    return await _do(house, roll_back)


async def _shadow(house: House, call: Call) -> Response:
    query = read_query(call, EnvironmentQuery)
    where = Environment(query.target_environment)
    return await _do(
        house, lambda desk: tell_shadow(*desk.rollouts.shadowed(_id(call), where, call.caller))
    )


async def _begin_shadow(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_shadow)
    where = Environment(given.target_environment)

    def begin(desk: PolicyDesk) -> WireShadow:
        version = given.version or desk.policies.find(_id(call), call.caller).policy.newest
        desk.rollouts.shadow(_id(call), where, call.caller, version)
        return tell_shadow(*desk.rollouts.shadowed(_id(call), where, call.caller))

    return await _do(house, begin)


async def _past(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_past)
    return await _do(
        house,
        lambda desk: tell_past(desk.past.replay(_id(call), call.caller, given.version, given.last)),
    )


async def _end_shadow(house: House, call: Call) -> Response:
    query = read_query(call, EnvironmentQuery)
    where = Environment(query.target_environment)
    desk = there(house.services.policies)
    await asyncio.to_thread(desk.rollouts.shadow, _id(call), where, call.caller, None)
    return Response(status_code=204)


async def _do(house: House, work: _Work, status: int = 200) -> Response:
    desk = there(house.services.policies)
    return say(await asyncio.to_thread(work, desk), status)


def _policy(view: PolicyView) -> WirePolicy:
    return tell_policy(view, write_lean(view.image, view.claims))


def _rules(given: list[PolicyRule]) -> tuple[RuleWish, ...]:
    return tuple(RuleWish(it.id, it.condition, Action(it.action), it.priority) for it in given)


def _id(call: Call) -> str:
    name: str = call.request.path_params["id"]
    return name


def _operation(
    name: str,
    method: str,
    path: str,
    summary: str,
    handle: Handle,
    *,
    permission: Permission = Permission.READ_POLICIES,
    request: Shape = None,
    response: Shape = None,
    query: type[Struct] | None = None,
    status: int = 200,
) -> Operation:
    return Operation(
        name=name,
        method=method,
        path=path,
        summary=summary,
        permission=permission,
        handle=handle,
        tag="policies",
        request=request,
        response=response,
        query=query,
        status=status,
        needs="policies",
    )


_WRITES = Permission.WRITE_POLICIES
_DEPLOYS = Permission.DEPLOY_POLICIES

OPERATIONS = (
    _operation(
        *("createPolicy", "POST", PATH, "Write a policy and have it proved", _create),
        permission=_WRITES,
        request=PolicyRequest,
        response=WirePolicy,
        status=201,
    ),
    _operation(
        *("listPolicies", "GET", PATH, "List policies", _list),
        query=PoliciesQuery,
        response=PolicyList,
    ),
    _operation(
        *("showPolicy", "GET", _ONE, "Show a policy", _show),
        query=VersionQuery,
        response=WirePolicy,
    ),
    _operation(
        *("revisePolicy", "PUT", _ONE, "Write a new version and have it proved", _revise),
        permission=_WRITES,
        request=VersionRequest,
        response=WirePolicy,
    ),
    _operation(
        *("retirePolicy", "DELETE", _ONE, "End a policy: it holds nowhere any more", _retire),
        permission=_DEPLOYS,
        status=204,
    ),
    _operation(
        *("listPolicyVersions", "GET", f"{_ONE}/versions", "List versions", _versions),
        response=VersionList,
    ),
    _operation(
        *("diffPolicy", "GET", f"{_ONE}/diff", "Compare two versions", _diff),
        query=DiffQuery,
        response=WireDiff,
    ),
    _operation(
        *("paraphrasePolicy", "GET", f"{_ONE}/paraphrase", "Say it in plain words", _paraphrase),
        query=VersionQuery,
        response=WireParaphrase,
    ),
    _operation(
        *("showVerification", "GET", f"{_ONE}/verification", "Tell of proofs", _verification),
        query=VersionQuery,
        response=WireVerification,
    ),
    _operation(
        *("verifyPolicy", "POST", f"{_ONE}/verification", "Have it proved anew", _verify),
        permission=_WRITES,
        query=VersionQuery,
        response=WireVerification,
        status=202,
    ),
    _operation(
        *("downloadCertificate", "GET", f"{_ONE}/certificate", "Give the certificate"),
        _certificate,
        query=VersionQuery,
    ),
    _operation(
        *("deployPolicy", "POST", f"{_ONE}/deploy", "Bring a version into force", _deploy),
        permission=_DEPLOYS,
        request=DeployRequest,
        response=WireDeployment,
    ),
    _operation(
        *("listDeployments", "GET", f"{_ONE}/deployments", "List deployments", _deployments),
        query=DeploymentsQuery,
        response=DeploymentList,
    ),
    _operation(
        *("rollBackPolicy", "POST", f"{_ONE}/rollback", "Undo the last deployment", _roll_back),
        permission=_DEPLOYS,
        request=RollbackRequest,
        response=WireRollback,
    ),
    _operation(
        *("showShadow", "GET", f"{_ONE}/shadow", "Tell what would have changed", _shadow),
        query=EnvironmentQuery,
        response=WireShadow,
    ),
    _operation(
        *("beginShadow", "PUT", f"{_ONE}/shadow", "Let a version watch", _begin_shadow),
        permission=_DEPLOYS,
        request=ShadowRequest,
        response=WireShadow,
    ),
    _operation(
        *("replayPast", "POST", f"{_ONE}/shadow", "Ask a version about past requests", _past),
        request=PastRequest,
        response=WirePast,
    ),
    _operation(
        *("endShadow", "DELETE", f"{_ONE}/shadow", "Let no version watch any more", _end_shadow),
        permission=_DEPLOYS,
        query=EnvironmentQuery,
        status=204,
    ),
)
