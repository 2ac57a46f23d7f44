"""`aidefence policy fmt` and `check`: files, folders, standard input, codes and places."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app

GOOD = """\
policy p version 1

default allow
on error block

rule r:
    block when approved
"""
LOOSE = "policy p version 1\ndefault allow\non   error block\nrule r: block when approved # x\n"
WRONG = GOOD.replace("approved", "aproved")


def _run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, ["policy", *arguments], input=given)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "good.pdl").write_text(GOOD, "utf-8")
    (tmp_path / "inner/loose.pdl").write_text(LOOSE, "utf-8")
    (tmp_path / "other.txt").write_text("not a policy", "utf-8")
    return tmp_path


def test_fmt_writes_files_in_their_layout_and_names_those(folder: Path) -> None:
    told = _run("fmt", "--check", str(folder))
    assert (told.exit_code, told.stderr.split()) == (1, [str(folder / "inner/loose.pdl")])
    assert (folder / "inner/loose.pdl").read_text() == LOOSE
    assert _run("fmt", str(folder)).exit_code == 0
    written = GOOD.replace("approved\n", "approved  # x\n")
    assert (folder / "inner/loose.pdl").read_text() == written
    assert (folder / "good.pdl").read_text() == GOOD
    again = _run("fmt", "--check", "--json", str(folder))
    assert (again.exit_code, json.loads(again.stdout)) == (0, {"changed": [], "errors": []})


def test_fmt_reads_standard_input() -> None:
    told = _run("fmt", "-", given=LOOSE.replace(" # x", ""))
    assert (told.exit_code, told.stdout) == (0, GOOD)


def test_fmt_leaves_what_it_cannot_read_and_says_so(folder: Path) -> None:
    (folder / "good.pdl").write_text("polcy p", "utf-8")
    told = _run("fmt", str(folder))
    assert told.exit_code == 2
    assert "good.pdl:1:1: error: `polcy` is unexpected here" in told.stderr
    assert (folder / "good.pdl").read_text() == "polcy p"
    assert "# x" in (folder / "inner/loose.pdl").read_text()


def test_check_shows_the_place(tmp_path: Path) -> None:
    path = tmp_path / "wrong.pdl"
    path.write_text(WRONG, "utf-8")
    told = _run("check", str(path))
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        (
            f"{path}:7:16: error: `aproved` is neither a feature nor defined here; "
            "did you mean `approved`?"
        ),
        "   7 |     block when aproved",
        "                      ^^^^^^^",
        "1 file: 1 error",
    ]


@pytest.mark.parametrize("given", ["", "# nothing\n", "\ufeff"])
def test_a_file_that_says_nothing_is_no_policy(given: str) -> None:
    told = _run("check", "-", given=given)
    assert told.exit_code == 1
    assert "the file says nothing" in told.stdout


def test_of_a_line_without_end_the_place_is_shown() -> None:
    told = _run(
        "check", "-", given=f"{GOOD}# {'x' * 5_000}\nrule s: block when aproved {'#' * 5_000}"
    )
    assert told.exit_code == 1
    assert max(map(len, told.stdout.splitlines())) < 250
    assert "^^^^^^^" in told.stdout


def test_the_letters_of_names_are_told() -> None:
    told = _run("check", "-", given=GOOD.replace("rule r", "rule ключи"))
    assert told.exit_code == 1
    assert "the letter 'к' is in no name, expected letters from a to z" in told.stdout


def test_check_reads_windows_line_ends_and_a_mark_at_the_begin(tmp_path: Path) -> None:
    path = tmp_path / "имя файла.pdl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    told = _run("check", str(path))
    assert (told.exit_code, told.stdout) == (0, "1 file: 0 errors\n")


def test_check_reports_as_json(folder: Path) -> None:
    (folder / "wrong.pdl").write_text(WRONG, "utf-8")
    (folder / "part.pdl").write_text("define mail as approved\n", "utf-8")
    (folder / "temp.pdl").write_text("template t\nparameter n = 5\nrule x: block always\n", "utf-8")
    (folder / "with.pdl").write_text(f'{GOOD}include "part.pdl"\n', "utf-8")
    told = _run("check", "--json", str(folder))
    assert told.exit_code == 1
    reports = {Path(it["file"]).name: it for it in json.loads(told.stdout)}
    assert reports["wrong.pdl"]["error"]["nearest"] == "approved"
    assert reports["wrong.pdl"]["error"]["line"] == 7
    assert (reports["good.pdl"]["id"], reports["good.pdl"]["rules"]) == ("p", 1)
    assert len(reports["good.pdl"]["digest"]) == 64
    assert reports["part.pdl"]["kind"] == "part"
    assert (reports["temp.pdl"]["kind"], reports["temp.pdl"]["rules"]) == ("template", 1)
    assert reports["with.pdl"]["kind"] == "policy"


def test_check_stays_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret.pdl").write_text("rule x: block always\n", "utf-8")
    policy = tmp_path / "inner/p.pdl"
    for path in ("../secret.pdl", str(tmp_path / "secret.pdl"), "nowhere.pdl", "a\\u0000b"):
        policy.write_text(f'{GOOD}include "{path}"\n', "utf-8")
        told = _run("check", str(policy))
        assert told.exit_code == 1
        assert "p.pdl:8:1: error: `" in told.stdout
    (tmp_path / "inner/link.pdl").symlink_to(tmp_path / "secret.pdl")
    policy.write_text(f'{GOOD}include "link.pdl"\n', "utf-8")
    assert "lies outside" in _run("check", str(policy)).stdout


def test_files_that_include_each_other_come_to_an_end(tmp_path: Path) -> None:
    (tmp_path / "a.pdl").write_text('include "b.pdl"\ninclude "b.pdl"\n', "utf-8")
    (tmp_path / "b.pdl").write_text('include "a.pdl"\ninclude "a.pdl"\n', "utf-8")
    policy = tmp_path / "p.pdl"
    policy.write_text(f'{GOOD}include "a.pdl"\n', "utf-8")
    told = _run("check", str(policy))
    assert told.exit_code == 1
    assert "too many files include one another" in told.stdout


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bytes.pdl").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing.pdl", tmp_path / "bytes.pdl"):
        assert _run("check", str(path)).exit_code == 2
    (tmp_path / "empty").mkdir()
    assert _run("check", str(tmp_path / "empty")).exit_code == 2


def test_hidden_characters_of_a_policy_are_written_out(tmp_path: Path) -> None:
    path = tmp_path / "p.pdl"
    path.write_text(GOOD.replace("approved", 'role is "\u202e" and \x1b[31m'), "utf-8")
    told = _run("check", str(path)).stdout
    assert "\x1b" not in told
    assert "\u202e" not in told
    shown, marks = told.splitlines()[1:3]
    assert shown[marks.index("^") :].startswith("\\x1b[31m")


def test_explain_says_it_in_words_and_by_examples(folder: Path) -> None:
    told = _run("explain", str(folder / "good.pdl"))
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[0].startswith("p 1  sha256:")
    assert "  r: Block when a person has approved it." in lines
    assert "  block  by r: approved = yes" in lines
    assert "  allow  by default: a request of which nothing is told" in lines
    report = json.loads(_run("explain", "--json", str(folder / "good.pdl")).stdout)[0]
    assert report["examples"][1] == {
        "request": {"approved": "yes"},
        "decision": "block",
        "rules": ["r"],
        "times": 1,
    }


def test_explain_refuses_what_makes_no_sense(folder: Path) -> None:
    (folder / "good.pdl").write_text(WRONG, "utf-8")
    told = _run("explain", str(folder / "good.pdl"))
    assert told.exit_code == 1
    assert "did you mean `approved`?" in told.stderr
    (folder / "good.pdl").write_text("rule x: block always", "utf-8")
    assert _run("explain", str(folder / "good.pdl")).exit_code == 2


def test_tests_beside_a_policy_are_run(folder: Path) -> None:
    tests = folder / "good.toml"
    test = '[[test]]\nname = "it holds"\nrequest = {approved = true}\ndecision = "block"\n'
    tests.write_text(test, "utf-8")
    told = _run("test", str(folder))
    assert (told.exit_code, told.stdout) == (0, "1 test: 0 failures\n")
    tests.write_text(test.replace('"block"', '"flag"'), "utf-8")
    told = _run("test", str(folder))
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        f"{tests}: it holds, event 1: expected flag, found block by r",
        "1 test: 1 failure",
    ]
    report = json.loads(_run("test", "--json", str(tests)).stdout)
    assert report[0]["failures"][0]["found"] == "block by r"
    tests.write_text(f"source = '''\n{GOOD}'''\n{test}", "utf-8")
    assert _run("test", str(tests)).exit_code == 0
    tests.write_text(f'policy = "inner/loose.pdl"\n{test}', "utf-8")
    assert _run("test", str(tests)).exit_code == 0
    tests.write_text(f'policy = "missing.pdl"\n{test}', "utf-8")
    assert _run("test", str(tests)).exit_code == 2
    tests.write_text("nonsense", "utf-8")
    assert _run("test", str(tests)).exit_code == 2


def test_a_policy_is_tested_by_the_tests_beside_it(tmp_path: Path) -> None:
    policy = tmp_path / "good.pdl"
    policy.write_text(GOOD, "utf-8")
    told = _run("test", str(policy))
    assert told.exit_code == 2
    assert "there are no tests beside it: write" in told.stderr
    tests = '[[test]]\nname = "t"\nrequest = { approved = true }\ndecision = "block"\n'
    (tmp_path / "good.toml").write_text(tests, "utf-8")
    told = _run("test", str(policy))
    assert (told.exit_code, told.stdout) == (0, "1 test: 0 failures\n")
