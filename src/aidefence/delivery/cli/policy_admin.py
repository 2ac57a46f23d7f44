"""`aidefence policy list`, `show`, `create`, `deploy` and so on: policies with versions, in force.

They are those of the store that settings name, or with `--url` those of a gateway.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import msgspec
import typer

from aidefence.delivery.cli import policy_tables as tables
from aidefence.delivery.cli.opening import DEFAULT_NAME, DEFAULT_TENANT, AsOption, TenantOption
from aidefence.delivery.cli.options import ConfigOption, Exit, JsonOption, fail
from aidefence.delivery.cli.policy_files import PolicyFile, policy_files, print_error
from aidefence.delivery.cli.policy_hands import KeyOption, UrlOption, hands_of
from aidefence.delivery.cli.terminal import console, json_text
from aidefence.domain.errors import PolicyError
from aidefence.domain.policy_store import Environment, Strategy

if TYPE_CHECKING:
    from aidefence.client.policy_words import Policy, PolicyDeployment, PolicyVerification

PolicyArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="POLICY", help="The id of a policy.")
]
VersionOption: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Which version; by default the newest.")
]
EnvironmentOption: TypeAlias = Annotated[
    Environment, typer.Option("--environment", "-e", help="Where.")
]


def list_policies(
    retired: Annotated[bool, typer.Option("--retired", help="Those that ended, too.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List policies with their newest versions."""
    with hands_of(url, key, config, tenant=tenant) as hands:
        found = hands.list(retired=retired)
    _tell(found, lambda: tables.print_list(found), as_json=as_json)


def show(
    policy_id: PolicyArgument,
    version: VersionOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one version of a policy: how it stands, where it holds, its source."""
    with hands_of(url, key, config, tenant=tenant) as hands:
        found = hands.get(policy_id, version)
    _tell(found, lambda: tables.print_policy(found), as_json=as_json)


def create(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Its source; `-` for stdin.")],
    *,
    policy_name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="By default the one in the file.")
    ] = "",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    revise: Annotated[
        str, typer.Option(metavar="POLICY", help="Write the next version of this one instead.")
    ] = "",
    proof_required: Annotated[
        bool,
        typer.Option(
            "--proof-required/--proof-optional", help="Whether it is deployed only once proved."
        ),
    ] = True,
    url: UrlOption = "",
    key: KeyOption = "",
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a policy, or the next version of one; a gateway of this store proves it."""
    if revise and (policy_name or description or not proof_required):
        fail("`--revise` keeps name, description and duties as they are: leave the others out")
    [file] = policy_files([path])
    named = policy_name or _named(file)
    with hands_of(url, key, config, name=name, tenant=tenant) as hands:
        if revise:
            made = hands.revise(revise, file.text)
        else:
            made = hands.create(
                named, file.text, description=description, verification_required=proof_required
            )
    _tell(made, lambda: tables.print_policy(made), as_json=as_json)


def deploy(
    policy_id: PolicyArgument,
    *,
    environment: EnvironmentOption = Environment.PRODUCTION,
    strategy: Annotated[Strategy, typer.Option(help="At once, or bit by bit.")] = (
        Strategy.IMMEDIATE
    ),
    percentage: Annotated[
        float | None, typer.Option(help="Of sessions, to begin with (canary, gradual).")
    ] = None,
    version: VersionOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a version into force; what is not proved is refused."""
    with hands_of(url, key, config, name=name, tenant=tenant) as hands:
        done = hands.deploy(
            policy_id, environment, strategy=strategy, percentage=percentage, version=version
        )
    _tell(done, lambda: tables.print_deployment(done), as_json=as_json)


def rollback(
    policy_id: PolicyArgument,
    *,
    environment: EnvironmentOption = Environment.PRODUCTION,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo the last deployment in one step."""
    with hands_of(url, key, config, name=name, tenant=tenant) as hands:
        done = hands.rollback(policy_id, environment, reason=reason)
    holds = "nothing of it" if done.version is None else f"version {done.version}"
    line = f"{done.policy_id}: {holds} holds in {done.environment}"
    _tell(done, lambda: console(sys.stdout).print(line), as_json=as_json)


def status(
    policy_id: PolicyArgument,
    version: VersionOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how a policy stands: its proofs, where it holds, how far every node is.

    Exit codes: 0 in order, 1 a claim failed, a proof is stale or a node has not what it should,
    2 it cannot be told.
    """
    with hands_of(url, key, config, tenant=tenant) as hands:
        policy = hands.get(policy_id, version)
        proofs = hands.verification(policy_id, policy.version)
        begun = {it.deployment_id: it for it in hands.deployments(policy_id)}
    holding = [
        begun[it]
        for slot in policy.deployments
        for it in (slot.deployment_id, slot.candidate_deployment_id)
        if it in begun
    ]
    told = {"policy": policy, "verification": proofs, "deployments": holding}
    _tell(told, lambda: tables.print_status(policy, proofs, holding), as_json=as_json)
    if _is_troubled(policy, proofs, holding):
        raise typer.Exit(Exit.FOUND)


def shadow(
    policy_id: PolicyArgument,
    *,
    environment: EnvironmentOption = Environment.PRODUCTION,
    begin: Annotated[bool, typer.Option("--begin", help="Let a version watch.")] = False,
    end: Annotated[bool, typer.Option("--end", help="Let none watch any more.")] = False,
    past: Annotated[
        bool, typer.Option("--past", help="Ask a version about past requests instead.")
    ] = False,
    last: Annotated[int, typer.Option(min=1, help="About so many of them, with `--past`.")] = 1_000,
    version: VersionOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what a version that only watches would have decided; begin or end that.

    With `--past`: what a version would have decided about requests that are remembered.

    Exit codes: 0 nothing would have changed, 1 something would, 2 it cannot be told.
    """
    if begin + end + past > 1 or (version is not None and not (begin or past)):
        fail("`--begin`, `--end` and `--past` go alone, `--version` with the first or the last")
    if past:
        with hands_of(url, key, config, name=name, tenant=tenant) as hands:
            told = hands.past(policy_id, version=version, last=last)
        _tell(told, lambda: tables.print_past(told), as_json=as_json)
        raise typer.Exit(Exit.FOUND if told.changed else Exit.CLEAN)
    with hands_of(url, key, config, name=name, tenant=tenant) as hands:
        if begin:
            hands.begin_shadow(policy_id, environment, version=version)
        elif end:
            hands.end_shadow(policy_id, environment)
        found = hands.shadow(policy_id, environment)
    _tell(found, lambda: tables.print_shadow(found), as_json=as_json)
    if found.changed:
        raise typer.Exit(Exit.FOUND)


def retire(
    policy_id: PolicyArgument,
    *,
    url: UrlOption = "",
    key: KeyOption = "",
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a policy: it is taken out of force everywhere, and stays readable."""
    with hands_of(url, key, config, name=name, tenant=tenant) as hands:
        hands.retire(policy_id)
        ended = hands.get(policy_id, None) if as_json else None
    line = f"{policy_id}: retired, and holds nowhere any more"
    _tell(ended, lambda: console(sys.stdout).print(line), as_json=as_json)


def _named(file: PolicyFile) -> str:
    try:
        header = file.read().header
    except PolicyError as error:
        print_error(console(sys.stderr), error, file)
        raise typer.Exit(Exit.ERROR) from None
    if header is None:
        fail(f"`{file.name}` is a part of policies, not a policy: it has no `policy NAME`")
    return header.name


def _is_troubled(
    policy: Policy, proofs: PolicyVerification, deployments: list[PolicyDeployment]
) -> bool:
    failed = any(it.status == "failed" for it in deployments)
    return policy.status == "failed" or bool(proofs.stale) or failed


def _tell(found: object, show_it: Callable[[], object], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text(msgspec.to_builtins(found), indent=2) + "\n")
    else:
        show_it()
