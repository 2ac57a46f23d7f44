"""`aidefence policy prove`, `verify` and `log`: what holds of a policy, and who can check it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from aidefence.delivery.cli.opening import sources_of, telling_errors, when
from aidefence.delivery.cli.options import ConfigOption, Exit, JsonOption, fail
from aidefence.delivery.cli.policy_files import compiled_or_leave, policy_files
from aidefence.delivery.cli.terminal import console, json_text, printable

if TYPE_CHECKING:
    from aidefence.policy.compiling import Compiled
    from aidefence.proof import Outcome, Session

log = typer.Typer(
    help="Read the log of certificates, and prove what is in it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_POLICY = typer.Argument(metavar="POLICY", help="The policy file; `-` for standard input.")
_AGAINST = typer.Option(
    "--against", metavar="NAME=FILE", help="A policy that claims compare with; repeat for more."
)
_DELTA_OUT = typer.Option("--delta", metavar="FILE", help="Write the proof's text, too.")
_DELTA_IN = typer.Option("--delta", metavar="FILE", help="The proof's text that came along.")
# As much as a certificate may have.
_BYTES_MAX = 64 * 1024 * 1024
_COLOURS = {
    "proved": "green",
    "searched": "yellow",
    "refuted": "bold red",
    "undecided": "yellow",
    "missing": "yellow",
}


def prove(
    policy: Annotated[Path, _POLICY],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the certificate.")
    ] = None,
    delta: Annotated[Path | None, _DELTA_OUT] = None,
    against: Annotated[list[str] | None, _AGAINST] = None,
    timeout: Annotated[
        float, typer.Option(min=0.01, max=600, help="Seconds for each claim.")
    ] = 2.0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove what a policy claims with `prove`; sign what came of it, and add it to the log.

    A claim that is false is answered with a request, or several, that break it. Exit codes: 0 all
    proved, 1 something refuted or not known, 2 it cannot be tried.
    """
    compiled = _compiled(policy)
    if not compiled.properties:
        fail(f"`{policy}` claims nothing: write `prove …` into it")
    others = _others(against)
    with telling_errors():
        desk = _desk(config)
        proof = import_module("aidefence.proof")
        budget = proof.Budget(property_ms=round(timeout * 1000))
        session: Session = _proved(desk, compiled, others, budget)
        certificate = desk.certify(session)
    if output is not None:
        _write(output, certificate.json + b"\n")
    if delta is not None:
        _write(delta, session.delta)
    if as_json:
        sys.stdout.write(json_text(certificate.content, indent=2) + "\n")
    else:
        _tell(console(sys.stdout), compiled, session, certificate.digest)
    if not all(isinstance(it, proof.Proved) for it in session.outcomes):
        raise typer.Exit(Exit.FOUND)


def verify(
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="Its file.")],
    policy: Annotated[Path, _POLICY],
    delta: Annotated[Path | None, _DELTA_IN] = None,
    against: Annotated[list[str] | None, _AGAINST] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE", help="A public key to trust; repeat for more."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a certificate from nothing: signature, date, policy, and the proof once more.

    Exit codes: 0 it holds and everything claimed is proved, 1 it does not hold or not everything
    is, 2 it cannot be read.
    """
    compiled, others = _compiled(policy), _others(against)
    with telling_errors():
        desk = _desk(config)
        for path in key or ():
            desk.trust(path)
        proof = import_module("aidefence.proof")
        read = proof.read_certificate(_read(certificate))
        text = None if delta is None else _read(delta)
        found = desk.verify(
            read, compiled.image, against=others, delta=text, claims=compiled.properties
        )
    if as_json:
        body = {
            "valid": found.is_valid,
            "complete": found.is_complete,
            "faults": found.faults,
            "proved": found.proved,
            "others": found.others,
            "notes": found.notes,
            "expires": found.expires_ms,
        }
        sys.stdout.write(json_text(body, indent=2) + "\n")
    else:
        _tell_verified(console(sys.stdout), found)
    if not found.is_complete:
        raise typer.Exit(Exit.FOUND)


@log.command("list")
def list_entries(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the certificates that were made here, oldest first."""
    with telling_errors():
        entries = _desk(config).log.entries()
    if as_json:
        body = [{"index": it.index, **it.to_object()} for it in entries]
        sys.stdout.write(json_text(body, indent=2) + "\n")
        return
    terminal = console(sys.stdout)
    for it in entries:
        about = printable(f"{it.id} version {it.version}")
        terminal.print(Text(f"{it.index:>6}  {when(it.at_ms)}  {it.certificate}  {about}"))


@log.command()
def check(config: ConfigOption = None) -> None:
    """Read the whole log: every root and every signature.

    Exit codes: 0 intact, 1 changed, 2 cannot be read.
    """
    with telling_errors():
        desk = _desk(config)
        faults, entries = desk.log.faults(), desk.log.entries()
    terminal = console(sys.stdout)
    for it in faults:
        terminal.print(Text(it, style="bold red"))
    told = f"{len(faults)} faults" if faults else "intact"
    terminal.print(Text(f"{len(entries)} certificates: {told}", style="bold"))
    if entries:
        terminal.print(f"root {entries[-1].head.root}")
    if faults:
        raise typer.Exit(Exit.FOUND)


@log.command()
def inclusion(
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="Its file.")],
    config: ConfigOption = None,
) -> None:
    """Prove that a certificate is in the log: JSON with entry, signed head and hashes."""
    with telling_errors():
        digest = import_module("aidefence.proof").read_certificate(_read(certificate)).digest
        entry, head, proof = _desk(config).log.inclusion(digest)
    body = {
        "index": entry.index,
        "entry": entry.to_object(),
        "head": head.to_object(),
        "proof": proof,
    }
    sys.stdout.write(json_text(body, indent=2) + "\n")


@log.command()
def consistency(
    size: Annotated[int, typer.Argument(min=1, help="How many entries the noted head had.")],
    config: ConfigOption = None,
) -> None:
    """Prove that the log still begins with what it was: JSON with both heads and hashes."""
    with telling_errors():
        earlier, later, proof = _desk(config).log.consistency(size)
    body = {"earlier": earlier.to_object(), "later": later.to_object(), "proof": proof}
    sys.stdout.write(json_text(body, indent=2) + "\n")


# --- what is read and told ------------------------------------------------------------------------


def _desk(config: Path | None) -> Any:  # noqa: ANN401 -- by name: wiring stands above
    return import_module("aidefence.app.proving").ProofDesk.of(sources_of(config))


def _proved(desk: Any, compiled: Compiled, others: Mapping[str, Any], budget: object) -> Any:  # noqa: ANN401
    # Imported here: the bar costs more than all of `verify` beside the theory.
    from aidefence.delivery.cli.progress import counting  # noqa: PLC0415

    claims, terminal = compiled.properties, console(sys.stderr)
    with counting(terminal, "proving", len(claims), enabled=terminal.is_terminal) as done:
        return desk.prove(compiled.image, claims, budget=budget, against=others, told=done)


def _compiled(path: Path) -> Compiled:
    [file] = policy_files([path])
    return compiled_or_leave(file)


def _others(against: list[str] | None) -> Mapping[str, Any]:
    others = {}
    for it in against or ():
        name, sign, path = it.partition("=")
        if not (sign and name and path):
            fail(f"`{printable(it)}` is not NAME=FILE")
        others[name] = _compiled(Path(path)).image
    return others


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            data = opened.read(_BYTES_MAX + 1)
    except OSError as error:
        fail(f"cannot read `{path}`: {error.strerror or error}")
    if len(data) > _BYTES_MAX:
        fail(f"`{path}` has more than {_BYTES_MAX} bytes: neither certificates nor proofs have")
    return data


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        fail(f"cannot write `{path}`: {error.strerror or error}")
    finally:
        # Also where somebody interrupts: a file is there whole or not at all.
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _tell(terminal: Console, compiled: Compiled, session: Session, digest: str) -> None:
    for it in session.outcomes:
        _tell_outcome(terminal, it)
    done = sum(type(it).__name__ == "Proved" for it in session.outcomes)
    took = session.search_ms + session.check_ms
    about = printable(f"{compiled.image.id} version {compiled.image.version}")
    line = f"{about}: {done} of {len(session.outcomes)} proved in {took} ms"
    terminal.print(Text(line, style="bold"))
    terminal.print(f"certificate {digest}")


def _tell_outcome(terminal: Console, outcome: Outcome) -> None:
    word = type(outcome).__name__.lower()
    line = Text(f"{word:<9}", style=_COLOURS[word])
    line.append(
        f"  {printable(outcome.property.id)}: {printable(outcome.property.text)}", "default"
    )
    terminal.print(line)
    words = list(getattr(getattr(outcome, "counterexample", None), "words", ()))
    reason = getattr(outcome, "reason", "")
    for it in [*words, *([reason] if reason else [])]:
        terminal.print(Text(f"           {printable(it)}"))


def _tell_verified(terminal: Console, found: Any) -> None:  # noqa: ANN401 -- by name, as above
    for fault in found.faults:
        terminal.print(Text(printable(fault), style="bold red"))
    for name in found.proved:
        terminal.print(Text(f"proved     {printable(name)}"))
    for name, kind in found.others.items():
        terminal.print(Text(f"{kind:<9}  {printable(name)}", style=_COLOURS[kind]))
    for note in found.notes:
        terminal.print(Text(f"note       {note}"))
    told = "it does not hold"
    if found.is_valid:
        told = f"it holds until {when(found.expires_ms)}"
    terminal.print(Text(told, style="bold"))
