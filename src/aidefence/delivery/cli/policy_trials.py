"""`aidefence policy test`: run the tests that stand beside policies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from aidefence.delivery.cli.options import Exit, JsonOption, fail
from aidefence.delivery.cli.policy_files import (
    SUFFIX,
    PolicyFile,
    error_object,
    policy_files,
    print_error,
)
from aidefence.delivery.cli.terminal import console, counted, json_text, printable
from aidefence.domain.errors import PolicyError

if TYPE_CHECKING:
    from aidefence.policy.compiling import Compiled
    from aidefence.policy.trial_files import Trials
    from aidefence.policy.trials import Broken

TRIALS_SUFFIX = ".toml"

TrialsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", help="Files of tests (TOML), policies, or folders of them."),
]


def try_policies(paths: TrialsArgument, as_json: JsonOption = False) -> None:
    """Run tests of policies: requests, what is to be decided about them, and by which rule.

    Exit codes: 0 all hold, 1 some do not, 2 cannot be run.
    """
    reports: list[dict[str, object]] = []
    count, failed = 0, 0
    for file in policy_files([_beside(it) for it in paths], TRIALS_SUFFIX):
        trials, policy = _opened(file)
        try:
            compiled = policy.compile()
        except PolicyError as error:
            failed += 1
            reports.append({"file": file.name, "error": error_object(error)})
            if not as_json:
                print_error(console(sys.stdout), error, policy)
            continue
        broken = _run(file, compiled, trials)
        count += len(trials.trials)
        failed += len({it.trial for it in broken})
        reports.append(_report(file, trials, broken))
        if not as_json:
            _print(console(sys.stdout), file, broken)
    if as_json:
        sys.stdout.write(json_text(reports, indent=2) + "\n")
    else:
        console(sys.stdout).print(
            Text(f"{counted(count, 'test')}: {counted(failed, 'failure')}", style="bold")
        )
    if failed:
        raise typer.Exit(Exit.FOUND)


def _beside(path: Path) -> Path:
    """Give the tests that stand beside a policy; anything else is given back."""
    if path.suffix != SUFFIX or not path.is_file():
        return path
    tests = path.with_suffix(TRIALS_SUFFIX)
    if not tests.is_file():
        fail(f"`{path}` is a policy, and there are no tests beside it: write `{tests}`")
    return tests


def _opened(file: PolicyFile) -> tuple[Trials, PolicyFile]:
    """Give the tests of a file and the policy that they are about: named, within, or beside it."""
    from aidefence.policy.trial_files import TrialError, read_trials  # noqa: PLC0415

    try:
        trials = read_trials(file.text)
    except TrialError as error:
        fail(f"{file.name}: {error}")
    if trials.source:
        return trials, PolicyFile(file.name, trials.source, file.folder)
    beside = Path(file.name).name.partition(".")[0] + SUFFIX
    named = file.folder / (trials.policy or beside)
    return trials, next(policy_files([named]))


def _run(file: PolicyFile, compiled: Compiled | None, trials: Trials) -> tuple[Broken, ...]:
    # Imported here: loading the engine costs more than all of `--help`.
    from aidefence.policy.trial_files import TrialError  # noqa: PLC0415
    from aidefence.policy.trials import run_trials  # noqa: PLC0415

    if compiled is None:
        fail(f"{file.name}: the policy is only a part of others")
    try:
        return run_trials(compiled.image, trials.trials)
    except TrialError as error:
        fail(f"{file.name}: {error}")


def _print(terminal: Console, file: PolicyFile, broken: tuple[Broken, ...]) -> None:
    for it in broken:
        line = Text(f"{printable(file.name)}: ", style="dim")
        line.append(printable(it.trial), style="bold red")
        line.append(f", event {it.step}: expected {printable(it.expected)},")
        line.append(f" found {printable(it.found)}")
        terminal.print(line)


def _report(file: PolicyFile, trials: Trials, broken: tuple[Broken, ...]) -> dict[str, object]:
    return {
        "file": file.name,
        "tests": len(trials.trials),
        "failures": [
            {"test": it.trial, "event": it.step, "expected": it.expected, "found": it.found}
            for it in broken
        ],
    }
