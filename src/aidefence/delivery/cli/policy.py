"""`aidefence policy`: write policies in their one layout and check them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from aidefence.delivery.cli import (
    policy_admin,
    policy_approve,
    policy_diff,
    policy_phrases,
    policy_proof,
    policy_theorem,
    policy_zk,
)
from aidefence.delivery.cli.options import Exit, JsonOption
from aidefence.delivery.cli.policy_files import (
    STDIN,
    STDIN_NAME,
    PoliciesArgument,
    PolicyFile,
    error_object,
    policy_files,
    print_error,
    summary,
)
from aidefence.delivery.cli.policy_telling import explain_policies
from aidefence.delivery.cli.policy_trials import try_policies
from aidefence.delivery.cli.terminal import console, counted, json_text, printable
from aidefence.domain.errors import PolicyError

app = typer.Typer(
    help="Format, check, explain, test and prove policies.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("explain")(explain_policies)
app.command("test")(try_policies)

app.command("read")(policy_phrases.read)
app.command("export")(policy_phrases.export)
app.add_typer(policy_phrases.templates_app, name="templates")


@app.command("fmt")
def format_policies(
    paths: PoliciesArgument,
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only tell.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write policies in their one layout; what comes from standard input goes to standard output.

    Exit codes: 0 done, 1 with `--check`: some would change, 2 a file cannot be read.
    """
    from aidefence.policy.formatting import format_source  # noqa: PLC0415

    changed: list[str] = []
    errors: list[tuple[PolicyFile, PolicyError]] = []
    for file in policy_files(paths):
        try:
            written = format_source(file.read())
        except PolicyError as error:
            errors.append((file, error))
            continue
        is_stdin = file.name == STDIN_NAME
        if is_stdin and not check and not as_json:
            sys.stdout.write(written)
        if written != file.text:
            changed.append(file.name)
            if not check and not is_stdin:
                Path(file.name).write_text(written, "utf-8", newline="\n")
    if as_json:
        body = {"changed": changed, "errors": [error_object(error) for _, error in errors]}
        _write(json_text(body, indent=2))
    else:
        _tell_format(changed, errors, only=check or STDIN not in map(str, paths))
    if errors:
        raise typer.Exit(Exit.ERROR)
    if changed and check:
        raise typer.Exit(Exit.FOUND)


def _tell_format(
    changed: list[str], errors: list[tuple[PolicyFile, PolicyError]], *, only: bool
) -> None:
    terminal = console(sys.stderr)
    for file, error in errors:
        print_error(terminal, error, file)
    for name in changed if only else ():
        terminal.print(Text(printable(name)))


@app.command()
def check(paths: PoliciesArgument, as_json: JsonOption = False) -> None:
    """Check that policies and templates make sense: names, types, units, limits.

    Exit codes: 0 all do, 1 some do not, 2 cannot be read.
    """
    terminal = console(sys.stdout)
    reports: list[dict[str, object]] = []
    wrong = 0
    for file in policy_files(paths):
        try:
            compiled = file.compile()
        except PolicyError as error:
            wrong += 1
            reports.append({"file": file.name, "error": error_object(error)})
            if not as_json:
                print_error(terminal, error, file)
            continue
        reports.append({"file": file.name, **summary(compiled)})
    if as_json:
        _write(json_text(reports, indent=2))
    else:
        terminal.print(
            Text(f"{counted(len(reports), 'file')}: {counted(wrong, 'error')}", style="bold")
        )
    if wrong:
        raise typer.Exit(Exit.FOUND)


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")


# In the order in which help lists them: files first, then versions in force.
app.command()(policy_proof.prove)
app.command()(policy_proof.verify)
app.command()(policy_theorem.theorem)
app.command("list")(policy_admin.list_policies)
for command in (
    policy_admin.show,
    policy_admin.create,
    policy_diff.diff,
    policy_admin.deploy,
    policy_admin.rollback,
    policy_admin.retire,
    policy_admin.status,
    policy_admin.shadow,
    policy_approve.approve,
):
    app.command()(command)
app.add_typer(policy_proof.log, name="log")
app.add_typer(policy_zk.app, name="zk")
