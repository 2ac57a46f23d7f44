"""`aidefence policy zk`: commitments, and proofs of decisions that do not show the policy."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from aidefence.delivery.cli.opening import telling_errors
from aidefence.delivery.cli.options import Exit, JsonOption, fail
from aidefence.delivery.cli.policy_files import compiled_or_leave, policy_files
from aidefence.delivery.cli.terminal import console, json_text, printable

if TYPE_CHECKING:
    from aidefence.policy.image import Image

app = typer.Typer(
    help="Experimental, not audited: prove what a policy decides without showing it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_POLICY = typer.Argument(metavar="POLICY", help="The policy file; `-` for standard input.")
_COMMITMENT = typer.Option("--commitment", metavar="FILE", help="The commitment to the policy.")
_OPENING = typer.Option("--opening", metavar="FILE", help="What opens the commitment; a secret.")


@app.command()
def commit(
    policy: Annotated[Path, _POLICY],
    commitment: Annotated[Path, _COMMITMENT],
    opening: Annotated[Path, _OPENING],
) -> None:
    """Commit to a policy: write what may be published, and the secret that opens it.

    Exit codes: 0 done, 2 the policy cannot be expressed, or a file not written.
    """
    image = _image(policy)
    with telling_errors():
        shown, secret = _desk().commit(image)
    _write(opening, secret, is_secret=True)
    _write(commitment, shown)


@app.command("open")
def open_commitment(
    policy: Annotated[Path, _POLICY],
    commitment: Annotated[Path, _COMMITMENT],
    opening: Annotated[Path, _OPENING],
) -> None:
    """Check that a commitment is one to this policy.

    Exit codes: 0 it is, 1 it is not, 2 it cannot be tried.
    """
    image = _image(policy)
    with telling_errors():
        is_same = _desk().opens(_read(commitment), _read(opening), image)
    told = "this is the policy" if is_same else "this is another policy"
    console(sys.stdout).print(Text(told, style="green" if is_same else "bold red"))
    if not is_same:
        raise typer.Exit(Exit.FOUND)


@app.command()
def prove(
    policy: Annotated[Path, _POLICY],
    request: Annotated[
        Path, typer.Argument(metavar="REQUEST", help="Facts of the request: a JSON object.")
    ],
    opening: Annotated[Path, _OPENING],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write the proof.")
    ],
    request_opening: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Write what opens the request's commitment; a secret."),
    ],
) -> None:
    """Prove what a committed policy decides on a request, and commit to that.

    Exit codes: 0 done, 2 it cannot be tried.
    """
    image = _image(policy)
    with telling_errors():
        proof, secret = _desk().prove(image, _read(opening), _read(request))
    _write(request_opening, secret, is_secret=True)
    _write(output, proof)
    console(sys.stdout).print(Text(f"proved: {proof['action']}", style="bold"))


@app.command()
def verify(
    proof: Annotated[Path, typer.Argument(metavar="PROOF", help="Its file.")],
    commitment: Annotated[Path, _COMMITMENT],
    as_json: JsonOption = False,
) -> None:
    """Check that a decision follows from the committed policy; neither is shown.

    Exit codes: 0 it does, 1 it does not, 2 a file cannot be read.
    """
    with telling_errors():
        given = _read(proof)
        found = _desk().verify(given, _read(commitment))
    if as_json:
        action = None if found.action is None else found.action.value
        request = given.get("request") if found.action is not None else None
        body = {"action": action, "request": request, "reason": found.reason}
        sys.stdout.write(json_text(body, indent=2) + "\n")
    elif found.action is not None:
        told = f"{found.action.value}, on the request committed to as {given['request']}"
        console(sys.stdout).print(Text(printable(told), style="green"))
    else:
        console(sys.stdout).print(Text(printable(found.reason), style="bold red"))
    if found.action is None:
        raise typer.Exit(Exit.FOUND)


def _desk() -> Any:  # noqa: ANN401 -- by name: wiring stands above
    return import_module("aidefence.app.zero_knowledge").ZeroKnowledge.here()


def _image(path: Path) -> Image:
    [file] = policy_files([path])
    return compiled_or_leave(file).image


def _read(path: Path) -> dict[str, Any]:
    module = import_module("aidefence.app.zero_knowledge")
    try:
        with path.open("rb") as opened:
            data = opened.read(module.DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        fail(f"cannot read `{path}`: {error.strerror or error}")
    read: dict[str, Any] = module.read_document(data)
    return read


def _write(path: Path, document: dict[str, Any], *, is_secret: bool = False) -> None:
    try:
        file = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600 if is_secret else 0o644
        )
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(json_text(document, indent=2) + "\n")
    except OSError as error:
        fail(f"cannot write `{path}`: {error.strerror or error}")
