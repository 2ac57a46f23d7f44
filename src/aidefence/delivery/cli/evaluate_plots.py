"""Plots of a report as inline SVG: no script, no outside file, colours from the page's style.

Each plot has a title and a description for those who cannot see it; the page puts the numbers
beside it as a table. Classes differ by dash and place too, never by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TypeAlias

from aidefence.delivery.cli.terminal import printable
from aidefence.service.evaluation_report import Object

WIDTH, HEIGHT = 480, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 16, 52
_ROC_FPR_MIN = 1e-4
_ROW_HEIGHT = 20
_NAME_WIDTH = 190
_NAME_CHARACTERS_MAX = 28

Place: TypeAlias = Callable[[float], float]
Ticks: TypeAlias = Sequence[tuple[float, str]]

_PERCENT: Ticks = tuple((it / 5, f"{it * 20}%") for it in range(6))
_TOPS = (0.02, 0.1, 0.2, 0.4, 0.6, 0.8)
_TENTHS: Ticks = tuple((it / 5, f"{it / 5:.1f}") for it in range(6))


def roc_plot(points: Sequence[Object], at: tuple[float, float] | None) -> str:
    """Draw recall over the false-positive rate by its logarithm, and the point `at` which we flag.

    `at` is a false-positive rate and a recall; none where one of them was not measured.
    """
    across, up = _log_place(_ROC_FPR_MIN), _up(0.0, 1.0)
    ticks = [(_ROC_FPR_MIN, "≤0.01%"), (1e-3, "0.1%"), (1e-2, "1%"), (1e-1, "10%"), (1.0, "100%")]
    line = [(across(it["fpr"]), up(it["recall"])) for it in points]
    chance = [(across(x), up(x)) for x in (10 ** (-4 + step / 10) for step in range(41))]
    body = _axes(across, up, ticks, _PERCENT, "false-positive rate", "recall")
    body += _line(chance, "chance") + _line(line, "attack")
    told = "Recall at each false-positive rate over all data; the dashed line is chance."
    if at is not None:
        x, y = across(at[0]), up(at[1])
        body += _dot(x, y)
        # Below the curve there is room, as no detector is worse than chance.
        body += _label(min(x + 10, WIDTH - 130), min(y + 20, up(0.0) - 8), "at the threshold")
        told += f" The dot is the threshold: recall {at[1]:.1%} at {at[0]:.2%} false positives."
    return _figure("roc", "ROC curve", told, body, HEIGHT)


def reliability_plot(bins: Sequence[Object]) -> str:
    """Draw the share of attacks over the mean score of each bin, with intervals."""
    across, up = _across(0.0, 1.0), _up(0.0, 1.0)
    body = _axes(across, up, _TENTHS, _PERCENT, "mean score of the bin", "attacks in the bin")
    body += _line([(across(x), up(x)) for x in (0.0, 1.0)], "chance")
    dots = []
    for it in bins:
        x, share = across(it["mean_score"]), it["attacks"]
        body += _bar_line(x, up(share["low"]), x, up(share["high"]))
        dots.append((x, up(share["value"])))
    body += _line(dots, "attack")
    body += "".join(_dot(x, y) for x, y in dots)
    told = "Share of attacks by score; on the dashed line a score is the share that it promises."
    return _figure("reliability", "Reliability curve", told, body, HEIGHT)


def histogram_plot(bins: Sequence[Object], threshold: float) -> str:
    """Draw how the scores of both classes lie, attacks upward and benign texts downward."""
    attacks, benign = (max(1, sum(it[key] for it in bins)) for key in ("attacks", "benign"))
    top = max((max(it["attacks"] / attacks, it["benign"] / benign) for it in bins), default=1.0)
    top = next((it for it in _TOPS if it >= top), 1.0)
    across, up = _across(0.0, 1.0), _up(-top, top)
    ticks = [(step * top / 2, f"{abs(step) * top / 2:.0%}") for step in range(-2, 3)]
    body = _axes(across, up, _TENTHS, ticks, "score", "share of the class")
    for it in bins:
        x, width = across(it["low"]) + 1, across(it["high"]) - across(it["low"]) - 2
        body += _box(x, up(it["attacks"] / attacks), width, up(0.0), "attack-box")
        body += _box(x, up(0.0), width, up(-it["benign"] / benign), "benign-box")
    body += _line([(across(threshold), up(-top)), (across(threshold), up(top))], "limit")
    # In the middle, where bars are low: both classes gather at the ends.
    body += _label(across(0.5), _TOP + 16, "attacks ↑", "middle")
    body += _label(across(0.5), HEIGHT - _BOTTOM - 8, "benign ↓", "middle")
    told = "Scores of attacks upward and of benign texts downward; the line is the threshold."
    return _figure("histogram", "Scores by class", told, body, HEIGHT)


def recall_plot(rows: Sequence[tuple[str, Object]]) -> str:
    """Draw recall at the threshold for each group, with its interval."""
    height = len(rows) * _ROW_HEIGHT + 30
    span = WIDTH - _NAME_WIDTH - 60

    def across(value: float) -> float:
        return _NAME_WIDTH + value * span

    body = ""
    for value, name in _PERCENT:
        body += _bar_line(across(value), 4, across(value), height - 24, "grid")
        body += _label(across(value), height - 8, name, "middle")
    for place, (name, share) in enumerate(rows):
        middle = 4 + place * _ROW_HEIGHT + _ROW_HEIGHT / 2
        body += _box(across(0.0), middle - 6, share["value"] * span, middle + 6, "attack-box")
        body += _bar_line(across(share["low"]), middle, across(share["high"]), middle)
        body += _label(_NAME_WIDTH - 8, middle + 4, _shortened(name), "end")
        body += _label(across(1.0) + 8, middle + 4, f"{share['value']:.1%}")
    told = "Recall at the profile's threshold by source, lowest first; lines are 95 % intervals."
    return _figure("recall-by-source", "Recall by source", told, body, height)


def _figure(name: str, title: str, told: str, body: str, height: float) -> str:
    return (
        f'<svg id="plot-{name}" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(told)}</desc>{body}</svg>'
    )


def _axes(across: Place, up: Place, below: Ticks, beside: Ticks, x_name: str, y_name: str) -> str:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    body = ""
    for value, name in below:
        body += _bar_line(across(value), _TOP, across(value), bottom, "grid")
        body += _label(across(value), bottom + 20, name, "middle")
    for value, name in beside:
        body += _bar_line(_LEFT, up(value), right, up(value), "grid")
        body += _label(_LEFT - 6, up(value) + 4, name, "end")
    body += _label((_LEFT + right) / 2, HEIGHT - 8, x_name, "middle")
    turned = f'transform="rotate(-90 12 {(_TOP + bottom) / 2:.0f})"'
    return body + _label(12, (_TOP + bottom) / 2, y_name, "middle", turned)


def _across(low: float, high: float) -> Place:
    span = WIDTH - _LEFT - _RIGHT
    return lambda value: _LEFT + (value - low) / (high - low) * span


def _up(low: float, high: float) -> Place:
    span = HEIGHT - _TOP - _BOTTOM
    return lambda value: HEIGHT - _BOTTOM - (value - low) / (high - low) * span


def _log_place(low: float) -> Place:
    linear = _across(math.log10(low), 0.0)
    return lambda value: linear(math.log10(max(value, low)))


def _line(points: Iterable[tuple[float, float]], style: str) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{style}" points="{drawn}"/>'


def _bar_line(x1: float, y1: float, x2: float, y2: float, style: str = "interval") -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _box(x: float, y: float, width: float, bottom: float, style: str) -> str:
    height = max(0.0, bottom - y)
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
    )


def _dot(x: float, y: float) -> str:
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'


def _label(x: float, y: float, text: str, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(text)}</text>'


def _shortened(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= _NAME_CHARACTERS_MAX else shown[: _NAME_CHARACTERS_MAX - 1] + "…"
