"""The page of `eval --html`: well formed, self-contained, and with the numbers of the JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from aidefence.delivery.cli.main import app

_VOID = {"meta", "br"}
_PLOTS = {"plot-roc", "plot-reliability", "plot-histogram", "plot-recall-by-source"}


class _Page(HTMLParser):
    """Collects what a page is made of; refuses tags that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.numbers: list[tuple[list[str], str]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self._open.append(tag)
        given = dict(attrs)
        if tag == "data":
            path, value = given["data-path"], given["value"]
            assert path is not None
            assert value is not None
            self.numbers.append((json.loads(path), value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def close(self) -> None:
        super().close()
        assert self._open == []


@pytest.fixture(scope="module")
def reports(own_rules: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    folder = tmp_path_factory.mktemp("page")
    file, html = folder / "labelled.jsonl", folder / "report.html"
    records = [
        {
            "text": f"{'the passphrase is quuxzebra' if n % 3 == 0 else 'calm'} {n}",
            "label": "attack" if n % 2 else "benign",
            "source": f"a.b\"'<{n % 5}>",
            "lang": "en",
        }
        for n in range(40)
    ]
    file.write_text("\n".join(map(json.dumps, records)), "utf-8")
    arguments = ["--rules", str(own_rules), "--categories", "secret", "--html", str(html)]
    got = CliRunner().invoke(app, ["eval", str(file), *arguments, "--json"])
    assert got.exit_code == 0, got.output
    return html.read_text("utf-8"), json.loads(got.stdout)


def _parsed(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    page.close()
    return page


def _at(body: Any, path: list[str]) -> Any:
    for step in path:
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def test_every_number_is_that_of_the_json(reports: tuple[str, Any]) -> None:
    html, body = reports
    numbers = _parsed(html).numbers
    assert len(numbers) > 200
    for path, value in numbers:
        assert float(value) == _at(body, path), path
    told = {tuple(path) for path, _ in numbers}
    for metric in ("recall", "fpr", "auc", "auc_against_all"):
        assert ("overall", metric, "low") in told
    for name in body["by"]["source"]:
        assert ("by", "source", name, "recall", "value") in told, name
    assert ("latency", "calls", "p99_us") in told


def test_the_page_stands_alone(reports: tuple[str, Any]) -> None:
    page = _parsed(reports[0])
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(page.tags)
    names = {name for name, _ in page.attributes}
    assert {"src", "srcset", "onclick", "onload"}.isdisjoint(names)
    places = {value for name, value in page.attributes if name == "id"}
    links = [value or "" for name, value in page.attributes if name == "href"]
    assert links
    assert all(link[:1] == "#" and link[1:] in places for link in links)
    assert "url(" not in reports[0]
    assert "@import" not in reports[0]
    assert any("default-src 'none'" in (value or "") for _, value in page.attributes)
    assert "prefers-color-scheme: dark" in reports[0]


def test_plots_are_well_formed_and_told_in_words(reports: tuple[str, Any]) -> None:
    plots = re.findall(r"<svg.*?</svg>", reports[0], re.DOTALL)
    named = set()
    for plot in plots:
        root = ET.fromstring(plot)
        named.add(root.get("id"))
        assert root.get("role") == "img"
        (title,), (told,) = (root.findall(f"{{*}}{tag}") for tag in ("title", "desc"))
        assert title.text
        assert told.text
        assert root.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"
        width, height = map(float, (root.get("viewBox") or "").split()[2:])
        for mark in root.findall(".//{*}circle"):
            assert 0 <= float(mark.get("cx") or -1) <= width
            assert 0 <= float(mark.get("cy") or -1) <= height
        assert "nan" not in plot
    assert named == _PLOTS
    named_twice = re.findall(r"<figcaption>(.*?)</figcaption>.*?<summary>(.*?)<", reports[0])
    assert len(set(named_twice)) == len(_PLOTS)
    assert all(summary == f"{caption}: the numbers" for caption, summary in named_twice)


def test_what_scrolls_can_be_reached_by_keyboard(reports: tuple[str, Any]) -> None:
    scrolling = re.findall(r'<div class="wide"[^>]*>', reports[0])
    assert len(scrolling) > 10
    for tag in scrolling:
        assert 'tabindex="0"' in tag
        assert re.search(r'aria-label="[^"]+"', tag)


def test_the_threshold_stands_on_the_curve(reports: tuple[str, Any]) -> None:
    html, body = reports
    (plot,) = re.findall(r'<svg id="plot-roc".*?</svg>', html, re.DOTALL)
    (dot,) = ET.fromstring(plot).findall(".//{*}circle")
    recall = body["overall"]["recall"]["value"]
    bottom, top = 320 - 52, 16
    assert float(dot.get("cy") or 0) == pytest.approx(bottom - recall * (bottom - top), abs=0.1)
    fpr = body["overall"]["fpr"]["value"]
    assert f"recall {recall:.1%} at {fpr:.2%} false positives" in plot


def test_bars_of_recall_are_as_long_as_recall(reports: tuple[str, Any]) -> None:
    html, body = reports
    (plot,) = re.findall(r'<svg id="plot-recall-by-source".*?</svg>', html, re.DOTALL)
    boxes = [float(it.get("width") or 0) for it in ET.fromstring(plot).findall(".//{*}rect")]
    recalls = sorted(
        group["recall"]["value"] for group in body["by"]["source"].values() if group["recall"]
    )
    full = 480 - 190 - 60
    assert boxes == pytest.approx([recall * full for recall in recalls], abs=0.1)
