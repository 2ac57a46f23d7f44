"""`aidefence policy theorem`: a statement about policies, a proof, and a judgement of it."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from aidefence.delivery.cli.opening import telling_errors
from aidefence.delivery.cli.options import Exit, JsonOption, fail
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.ports.prover import ModelWay

if TYPE_CHECKING:
    from aidefence.proof.free.judging import Judgement
    from aidefence.proof.free.repairing import Attempt

_NOTHING = "by sorry"
_COLOURS = {"proved": "green", "assumed": "yellow", "refused": "bold red"}


def theorem(
    statement: Annotated[Path, typer.Argument(metavar="STATEMENT", help="A proposition in Lean.")],
    proof: Annotated[
        Path | None, typer.Argument(metavar="[PROOF]", help="Its proof, from `by` on.")
    ] = None,
    *,
    mend: Annotated[
        bool, typer.Option("--repair", help="Look for a proof where this one is refused.")
    ] = False,
    attempts: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 2_000,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="At most so long.")] = 120.0,
    model_url: Annotated[
        str, typer.Option(metavar="URL", help="A model that may propose, up to and with `/v1`.")
    ] = "",
    model: Annotated[str, typer.Option(metavar="NAME", help="Name of that model.")] = "",
    model_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File with the key for that model.")
    ] = None,
    model_way: Annotated[
        ModelWay, typer.Option(help="For whole proofs, or with tools to try and to search.")
    ] = ModelWay.WHOLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the proof.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a proof of any statement in the theory of policies; needs Lean, see `doctor`.

    Exit codes: 0 proved by our own checker, 1 refused, or it rests on what is not proved here, 2 it
    cannot be tried.
    """
    if proof is None and not mend:
        fail("give a file with a proof, or `--repair` to look for one")
    said = _read(statement)
    given = _NOTHING if proof is None else _read(proof)
    app, free = map(import_module, ("aidefence.app.theorems", "aidefence.proof.free.repairing"))
    why = ""
    with telling_errors():
        address = _address(model_url, model, model_key, seconds)
        with app.theorem_desk() as desk:
            judged: Judgement = desk.judge(said, given)
            if mend and judged.verdict == "refused":
                budget = free.Budget(attempts, seconds)
                ended = desk.repair(said, given, budget, address, _show, way=model_way, asking=_say)
                why = ended.why
                if ended.proof:
                    given = ended.proof
                    judged = desk.judge(said, given)
    if output is not None and judged.verdict != "refused":
        _write(output, given)
    if as_json:
        told = {**_object(judged, given), "repair": why}
        sys.stdout.write(json_text(told, indent=2) + "\n")
    else:
        _tell(judged, given if mend else "", why)
    if judged.verdict != "proved":
        raise typer.Exit(Exit.FOUND)


def _address(url: str, model: str, key: Path | None, seconds: float) -> Any:  # noqa: ANN401 -- wiring is above
    if not url:
        return None
    models = import_module("aidefence.adapters.prover_model")
    return models.ModelAddress(url, model, "" if key is None else _read(key), seconds)


def _object(judged: Judgement, proof: str) -> dict[str, object]:
    return {
        "verdict": judged.verdict.value,
        "reason": judged.reason,
        "axioms": list(judged.axioms),
        "assumed": list(judged.assumed),
        "digest": judged.digest,
        "proof": proof,
    }


def _say(told: str) -> None:
    console(sys.stderr).print(Text(printable(told), style="dim"))


def _show(attempt: Attempt) -> None:
    told = "accepted" if attempt.accepted else f"{len(attempt.errors)} errors"
    if attempt.errors:
        first = attempt.errors[0]
        told += f"; {first.line}: {first.text.partition(chr(10))[0][:100]}"
    _say(f"{attempt.step.value}: {told}")


def _tell(judged: Judgement, proof: str, why: str) -> None:
    terminal = console(sys.stdout)
    line = Text(judged.verdict.value, style=_COLOURS[judged.verdict.value])
    line.append(f": {printable(judged.reason)}" if judged.reason else "", style="default")
    if judged.axioms:
        line.append(f" on {', '.join(judged.axioms)}", style="default")
    terminal.print(line)
    if why:
        terminal.print(Text(f"  nothing was found: {printable(why)}"))
    for name in judged.assumed:
        terminal.print(Text(f"  rests on {printable(name)}", style="dim"))
    if proof and judged.verdict != "refused":
        terminal.print(Text(printable(proof)))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"`{path}` cannot be read: {error}")


def _write(path: Path, proof: str) -> None:
    try:
        path.write_text(proof + "\n", "utf-8")
    except OSError as error:
        fail(f"`{path}` cannot be written: {error}")
