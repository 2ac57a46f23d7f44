"""The entry point of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from aidefence import __version__
from aidefence.delivery.cli import (
    audit,
    config,
    db,
    keys,
    mcp,
    policy,
    policy_admin,
    policy_diff,
    policy_proof,
    policy_theorem,
    review,
    rules,
    switch,
)
from aidefence.delivery.cli.benchmark import bench
from aidefence.delivery.cli.doctor import doctor
from aidefence.delivery.cli.evaluate import evaluate_files
from aidefence.delivery.cli.exporting import export
from aidefence.delivery.cli.rewriting import neutralize, redact
from aidefence.delivery.cli.scan import scan
from aidefence.delivery.cli.scan_chat import scan_chat
from aidefence.delivery.cli.scan_tools import scan_tools
from aidefence.delivery.cli.serve import grpc, serve


def _tell_version(value: bool) -> None:
    if value:
        typer.echo(f"aidefence {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="aidefence",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(scan)
app.command("scan-chat")(scan_chat)
app.command("scan-tools")(scan_tools)
app.command()(redact)
app.command()(neutralize)
app.command()(serve)
app.command()(grpc)
app.command()(export)
app.add_typer(rules.app, name="rules")
policy.app.command()(policy_proof.prove)
policy.app.command()(policy_proof.verify)
policy.app.command()(policy_theorem.theorem)
policy.app.command("list")(policy_admin.list_policies)
for command in (
    policy_admin.show,
    policy_admin.create,
    policy_diff.diff,
    policy_admin.deploy,
    policy_admin.rollback,
    policy_admin.retire,
    policy_admin.status,
    policy_admin.shadow,
):
    policy.app.command()(command)
policy.app.add_typer(policy_proof.log, name="log")
app.add_typer(policy.app, name="policy")
app.add_typer(config.app, name="config")
app.add_typer(switch.app, name="switch")
app.add_typer(keys.app, name="keys")
app.add_typer(db.app, name="db")
app.add_typer(audit.app, name="audit")
app.add_typer(review.app, name="review")
app.add_typer(mcp.app, name="mcp")
app.command("eval")(evaluate_files)
app.command()(bench)
app.command()(doctor)


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say it.")
    ] = False,
) -> None:
    """Inspect prompts, documents, tool calls and answers around a language model."""


def main() -> None:
    """Run the command line."""
    app()
