"""`aidefence review`: the queue of decisions that a person looks at."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.opening import (
    DEFAULT_NAME,
    DEFAULT_TENANT,
    AsOption,
    TenantOption,
    owner,
    store_of,
    when,
)
from aidefence.delivery.cli.options import ConfigOption, JsonOption
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.review import ReviewCase, ReviewState

app = typer.Typer(
    help="Look at decisions that wait for a person, and settle them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_WAITING = (ReviewState.OPEN, ReviewState.CLAIMED)
CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="The id of a case.")]
CommentOption = Annotated[str, typer.Option("--comment", "-m", help="Why.")]


@app.command("list")
def list_cases(
    state: Annotated[
        list[ReviewState] | None,
        typer.Option(help="Only these; by default those that wait. Repeat for more."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 50,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List cases, those first that are due first."""
    caller = owner(DEFAULT_NAME, tenant)
    with store_of(config) as store:
        cases = store.reviews.cases(caller, state or _WAITING, limit)
        queue = store.reviews.state(caller)
    if as_json:
        sys.stdout.write(json_text([_object(it) for it in cases], indent=2) + "\n")
        return
    now = time.time_ns() // 1_000_000
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("case", "state", "why", "due", "category", "confidence", "with"):
        table.add_column(title, overflow="fold")
    for it in cases:
        late = not it.state.settled and it.overdue(now)
        category = it.episode.category
        table.add_row(
            Text(it.id, style="bold"),
            it.state.value,
            it.reason.value,
            Text(when(it.due_ms), style="bold red" if late else ""),
            category.value if category else "benign",
            f"{it.episode.confidence:.3f}",
            Text(printable(it.settled_by or it.claimed_by or "")),
        )
    terminal = console(sys.stdout)
    terminal.print(table)
    terminal.print(f"{queue.open} open, {queue.claimed} claimed, {queue.overdue} overdue")


@app.command()
def show(
    case_id: CaseArgument, tenant: TenantOption = DEFAULT_TENANT, config: ConfigOption = None
) -> None:
    """Show one case with its evidence and comments, as JSON."""
    with store_of(config) as store:
        case = store.reviews.find(case_id, owner(DEFAULT_NAME, tenant))
    _write(case)


@app.command()
def claim(
    case_id: CaseArgument,
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
) -> None:
    """Take a case, so that nobody else works on it."""
    with store_of(config) as store:
        _write(store.reviews.claim(case_id, owner(name, tenant)))


@app.command()
def release(
    case_id: CaseArgument,
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
) -> None:
    """Put a case back into the queue."""
    with store_of(config) as store:
        _write(store.reviews.release(case_id, owner(name, tenant)))


@app.command()
def approve(
    case_id: CaseArgument,
    comment: CommentOption = "",
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
) -> None:
    """Settle a claimed case: the content is harmless."""
    with store_of(config) as store:
        _write(store.reviews.approve(case_id, owner(name, tenant), comment))


@app.command()
def reject(
    case_id: CaseArgument,
    comment: CommentOption = "",
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
) -> None:
    """Settle a claimed case: it is an attack."""
    with store_of(config) as store:
        _write(store.reviews.reject(case_id, owner(name, tenant), comment))


@app.command("comment")
def add_comment(
    case_id: CaseArgument,
    text: Annotated[str, typer.Argument(help="What to say.")],
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
) -> None:
    """Add a comment to a case."""
    with store_of(config) as store:
        _write(store.reviews.comment(case_id, owner(name, tenant), text))


def _write(case: ReviewCase) -> None:
    sys.stdout.write(json_text(_object(case), indent=2) + "\n")


def _object(case: ReviewCase) -> dict[str, object]:
    episode = case.episode
    return {
        "id": case.id,
        "requestId": episode.id,
        "reason": case.reason.value,
        "state": case.state.value,
        "openedAt": case.opened_ms,
        "dueAt": case.due_ms,
        "claimedBy": case.claimed_by,
        "settledBy": case.settled_by,
        "settledAt": case.settled_ms or None,
        "action": episode.action.value,
        "category": episode.category.value if episode.category else None,
        "confidence": round(episode.confidence, 6),
        "digest": episode.digest,
        "findings": [
            {
                "ruleId": it.rule_id,
                "category": it.category.value,
                "score": round(it.score, 6),
                "span": [it.span.start, it.span.end],
            }
            for it in episode.evidence
        ],
        "comments": [{"by": it.by, "at": it.at_ms, "text": it.text} for it in case.comments],
    }
