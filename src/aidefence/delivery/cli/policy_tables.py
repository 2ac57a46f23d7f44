"""What is told of policies, for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.opening import when
from aidefence.delivery.cli.terminal import console, printable

if TYPE_CHECKING:
    from aidefence.client.policy_words import (
        Policy,
        PolicyDeployment,
        PolicyDiff,
        PolicyPast,
        PolicyShadow,
        PolicySlot,
        PolicySummary,
        PolicyVerification,
    )

_COLOURS = {
    "verified": "green",
    "synced": "green",
    "failed": "bold red",
    "pending_verification": "yellow",
    "pending": "yellow",
    "proving": "yellow",
    "syncing": "yellow",
}


def print_list(policies: Sequence[PolicySummary]) -> None:
    """Write one line for each policy."""
    table = _table("policy", "name", "version", "proofs", "in force", "written", "by")
    for it in policies:
        retired = it.retired_at is not None
        table.add_row(
            Text(printable(it.policy_id), style="bold"),
            Text(printable(it.name)),
            str(it.version),
            _state(it.status),
            "retired" if retired else it.deployment_status.replace("_", " "),
            when(it.created_at),
            Text(printable(it.created_by)),
        )
    terminal = console(sys.stdout)
    terminal.print(table)
    terminal.print(f"{len(policies)} policies")


def print_policy(policy: Policy) -> None:
    """Write a policy with its source."""
    _print_head(policy)
    if policy.description:
        _say(policy.description)
    _print_slots(policy.deployments)
    sys.stdout.write("\n" + printable(policy.source, keep="\n\t").rstrip("\n") + "\n")


def print_status(
    policy: Policy, verification: PolicyVerification, deployments: Sequence[PolicyDeployment]
) -> None:
    """Write how a policy stands: its proofs, where it holds, how far nodes are."""
    _print_head(policy)
    _print_proofs(verification)
    _print_slots(policy.deployments)
    for it in deployments:
        print_deployment(it)


def print_deployment(it: PolicyDeployment) -> None:
    """Write how far a deployment is."""
    proved = "proved" if it.verified else "not proved"
    head = f"{it.deployment_id}: version {it.version} in {it.environment}, {it.strategy}"
    _say(f"{head}, {it.percentage:g} % of sessions, {proved}, {it.state}", style="bold")
    for node, sync in it.sync_status.items():
        line = Text(f"  {printable(node)} ")
        line.append(sync, style=_COLOURS[sync])
        console(sys.stdout).print(line)
    if it.reason:
        _say(f"  {it.reason}", style="yellow")


def print_diff(diff: PolicyDiff) -> None:
    """Write what changed: in words, and in what is decided."""
    for line in diff.sentences:
        style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
        _say(line, style=style)
    for one in diff.differences:
        facts = ", ".join(f"{name} = {_shown(name, it)}" for name, it in one.request.items())
        asked = facts or "a request of which nothing is told"
        _say(f"{one.old} became {one.new}: {asked}", style="bold")
    _say(_verdict(diff), style="bold")


def print_shadow(shadow: PolicyShadow) -> None:
    """Write what a version that only watches would have decided."""
    where = f"{shadow.policy_id} in {shadow.environment}"
    if shadow.version is None:
        _say(f"{where}: no version watches")
        return
    table = _table("was", "would have been", "decisions", "as in")
    for it in shadow.changes:
        style = "" if it.was is it.would else "bold yellow"
        table.add_row(
            Text(it.was, style=style),
            Text(it.would, style=style),
            str(it.decisions),
            Text(printable(" ".join(it.examples))),
        )
    if shadow.changes:
        console(sys.stdout).print(table)
    since = when(shadow.since or 0)
    told = f"{shadow.changed} of {shadow.decisions} decisions would have been others"
    _say(f"{where}: version {shadow.version} watches since {since}: {told}", style="bold")


def print_past(past: PolicyPast) -> None:
    """Write what a version would have decided about past requests."""
    table = _table("was", "would have been", "decisions", "as in")
    for it in past.changes:
        style = "" if it.was is it.would else "bold yellow"
        examples = Text(printable(" ".join(it.examples)))
        table.add_row(
            Text(it.was, style=style), Text(it.would, style=style), str(it.decisions), examples
        )
    if past.changes:
        console(sys.stdout).print(table)
    for rule in past.rules:
        _say(f"`{rule.rule}` would have led {rule.decisions} times")
    for left in past.unjudged:
        _say(f"`{left.rule}` was not judged: nobody remembers {', '.join(left.asks)}")
    if past.skipped:
        _say(f"{past.skipped} were left out: policies decided them, not the profile alone")
    told = f"{past.changed} of {past.decisions} decisions would have been others"
    since = "" if past.since is None else f" since {when(past.since)}"
    _say(f"{past.policy_id} version {past.version}: {told}{since}", style="bold")


def _shown(name: str, value: object) -> str:
    # Imported here: the language costs more than all of `--help`.
    from aidefence.policy.explaining import shown_value  # noqa: PLC0415
    from aidefence.policy.image import Feature  # noqa: PLC0415

    if not isinstance(value, int):
        return str(value)
    try:
        return shown_value(Feature(name, value, ()), value)
    except (ValueError, LookupError):
        # A newer gateway asks about what we do not know.
        return str(value)


def _verdict(diff: PolicyDiff) -> str:
    if diff.equivalent:
        return "both decide every request alike"
    told = "they decide differently" if diff.differences else "no difference was found"
    if diff.stricter:
        told += "; the new one allows nothing that the old one did not"
    if not diff.complete:
        told += f"; the search left something out: {diff.reason}"
    return told


def _print_head(policy: Policy) -> None:
    line = Text(f"{printable(policy.policy_id)} {printable(policy.name)}", style="bold")
    line.append(f"  version {policy.version} of {policy.newest_version}  ", style="not bold")
    line.append_text(_state(policy.status))
    line.append(f"  sha256:{policy.digest}", style="not bold dim")
    console(sys.stdout).print(line)
    if policy.retired_at is not None:
        _say(f"retired {when(policy.retired_at)}", style="yellow")


def _print_proofs(it: PolicyVerification) -> None:
    if not it.status.settled:
        _say(f"proofs are {it.status}: {it.progress.current_step or 'they wait'}", style="yellow")
    for reason in it.stale:
        _say(f"not taken for proved any more: {reason}", style="yellow")
    for failure in it.failures:
        _say(f"{failure.step}: {failure.reason}", style="bold red")
        words = (failure.counterexample or {}).get("words", ())
        for line in words:
            _say(f"  {line}")
    if it.expires_at:
        _say(f"the certificate holds until {when(it.expires_at)}")


def _print_slots(slots: Sequence[PolicySlot]) -> None:
    if not slots:
        _say("in force nowhere")
    for it in slots:
        holds = "nothing" if it.version is None else f"version {it.version}"
        told = f"{it.environment}: {holds} holds"
        if it.candidate is not None:
            told += f", version {it.candidate} for {it.percentage:g} % of sessions ({it.strategy})"
        if it.shadow is not None:
            told += f", version {it.shadow} watches"
        _say(told)


def _state(word: str) -> Text:
    return Text(word.replace("_", " "), style=_COLOURS.get(word, ""))


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _say(told: str, style: str = "") -> None:
    console(sys.stdout).print(Text(printable(told), style=style))
