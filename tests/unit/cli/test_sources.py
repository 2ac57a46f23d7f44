"""Reading sources: every kind, every way they can be broken, never stopping early."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aidefence.delivery.cli.sources import (
    InputFormat,
    Item,
    Notice,
    Skip,
    SourceOptions,
    Sources,
)


class Reading:
    """What came out of some sources."""

    def __init__(
        self, *paths: Path, texts: tuple[str, ...] = (), options: SourceOptions | None = None
    ) -> None:
        self.notices: list[Notice] = []
        self.bytes = 0
        sources = Sources(
            texts, paths, options or SourceOptions(), self.notices.append, self._advance
        )
        self.total = sources.bytes_total()
        self.items: list[Item] = list(sources)

    def _advance(self, count: int) -> None:
        self.bytes += count

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.items]

    @property
    def kinds(self) -> list[Skip]:
        return [notice.kind for notice in self.notices]


def test_arguments_are_texts_with_numbers() -> None:
    got = Reading(texts=("one", "two"))
    assert [(i.name, i.text) for i in got.items] == [("argument 1", "one"), ("argument 2", "two")]


def test_lone_surrogates_in_arguments_are_replaced_one_by_one() -> None:
    assert Reading(texts=("a\udce9b",)).texts == ["a\ufffdb"]


def test_folders_are_walked_in_order_and_leave_out_what_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("hidden")
    (tmp_path / "b" / "two.txt").write_text("two")
    (tmp_path / "a.md").write_text("one")
    (tmp_path / "z.bin").write_bytes(b"\x00\x01")
    os.mkfifo(tmp_path / "pipe")
    got = Reading(tmp_path)
    assert got.texts == ["one", "two"]
    assert sorted(got.kinds) == [Skip.BINARY, Skip.NOT_REGULAR]
    assert not any(notice.is_error for notice in got.notices)
    assert got.total == 8
    assert got.bytes == 8


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert Reading(tmp_path).texts == ["x"]


@pytest.mark.parametrize(
    ("include", "exclude", "texts"),
    [
        (("*.md",), (), ["m"]),
        ((), ("*.md",), ["t"]),
        (("sub/*",), (), ["m", "t"]),
        (("*.txt", "*.md"), ("sub/*.txt",), ["m"]),
    ],
)
def test_globs_choose_files(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], texts: list[str]
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.md").write_text("m")
    (tmp_path / "sub" / "b.txt").write_text("t")
    got = Reading(tmp_path, options=SourceOptions(include=include, exclude=exclude))
    assert got.texts == texts


def test_a_missing_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("x")
    got = Reading(tmp_path / "gone.txt", tmp_path / "there.txt")
    assert got.texts == ["x"]
    (notice,) = got.notices
    assert notice.is_error
    assert str(notice).endswith("gone.txt: cannot be read: no such file or directory")


def test_a_binary_file_asked_for_by_name_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(b"PK\0\0")
    (notice,) = Reading(file).notices
    assert (notice.kind, notice.is_error) == (Skip.BINARY, True)


def test_long_texts_are_reported_and_never_cut(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_text("x" * 11)
    got = Reading(file, options=SourceOptions(text_bytes_max=10))
    assert got.texts == []
    assert [n.is_error for n in got.notices] == [True]
    assert Reading(file, options=SourceOptions(text_bytes_max=11)).texts == ["x" * 11]


def test_lines_are_texts_and_long_ones_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"one\r\n\n" + b"y" * 25 + b"\n" + b"z" * 10 + b"\nlast")
    options = SourceOptions(format=InputFormat.LINES, text_bytes_max=10)
    got = Reading(file, options=options)
    assert got.texts == ["one", "z" * 10, "last"]
    assert [item.line for item in got.items] == [1, 4, 5]
    assert [str(n).split(": ")[0] for n in got.notices] == [f"{file}:3"]
    assert got.bytes == file.stat().st_size


def test_jsonl_keeps_ids_and_names_bad_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    lines = [
        json.dumps({"id": "a", "prompt": "one"}),
        "{broken",
        json.dumps({"prompt": 3}),
        json.dumps(["x"]),
        "[" * 100_000,
        '{"id": 7, "prompt": "lone \\ud800 surrogate"}',
    ]
    file.write_text("\n".join(lines))
    got = Reading(file, options=SourceOptions(field="prompt"))
    assert [(i.record_id, i.line, i.text) for i in got.items] == [
        ("a", 1, "one"),
        ("7", 6, "lone \ufffd surrogate"),
    ]
    assert got.kinds == [Skip.MALFORMED] * 4
    assert all(notice.is_error for notice in got.notices)


def test_parquet_rows_are_read_in_batches(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    rows = [f"text {n}" for n in range(5000)] + [None]
    pq.write_table(pa.table({"text": rows, "id": list(range(5001)), "other": rows}), file)
    got = Reading(file)
    assert len(got.items) == 5000
    assert (got.items[-1].record_id, got.items[-1].line) == ("4999", 5000)
    assert got.kinds == [Skip.MALFORMED]
    (notice,) = Reading(file, options=SourceOptions(field="prompt")).notices
    assert "no column `prompt`" in str(notice)


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1 nonsense PAR1")
    assert Reading(file).kinds == [Skip.MALFORMED]


@pytest.mark.parametrize(
    ("data", "text", "told"),
    [
        ("\ufeffgrüße".encode(), "grüße", False),
        ("grüße".encode("utf-16"), "grüße", False),
        (b"gr\xfc\xdfe", "gr\ufffd\ufffde", True),
        (b"", "", False),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, text: str, told: bool) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(data)
    got = Reading(file)
    assert got.texts == [text]
    assert got.kinds == ([Skip.REPLACED] if told else [])
    assert not any(notice.is_error for notice in got.notices)


def test_names_of_files_do_not_have_to_be_lawful(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff\x1b[31m.txt"
    with open(odd, "w") as file:  # noqa: PTH123 - pathlib cannot name it
        file.write("x")
    assert Reading(tmp_path).texts == ["x"]
