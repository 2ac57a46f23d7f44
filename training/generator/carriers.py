# ruff: noqa: E501, RUF001 - layouts are easier to read in one line
"""Documents that hold a line: mails, pages, tickets, code, tables, logs, tool results and the like.

A carrier is laid out before anyone knows whether the line in it gives orders, so the layout tells
nothing about the label.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from training.generator.grammar import Book, Cast

USER, TOOL, DOCUMENT, MEMORY = 1, 3, 4, 5


def _lines(book: Book, cast: Cast, dice: random.Random, least: int, most: int) -> list[str]:
    texts = list(book["text"])
    count = min(len(texts), dice.randint(least, most))
    return [cast.fill(text) for text in dice.sample(texts, count)]


def _put(lines: list[str], line: str, dice: random.Random) -> list[str]:
    at = dice.randint(0, len(lines))
    return [*lines[:at], line, *lines[at:]]


def mail(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A mail with a header."""
    subject, sender, to, *_ = book["labels"]
    body = _put(_lines(book, cast, dice, 1, 4), line, dice)
    names = dice.sample(("Mira", "Otto", "Yusuf", "Rosa", "Ivo", "Kofi", "Aiko", "Bruno"), 2)
    gap = dice.choice(("\n", "\n\n", " "))
    head = f"{sender}: {names[0]}\n{to}: {names[1]}\n{subject}: {_lines(book, cast, dice, 1, 1)[0][:48]}"
    return f"{head}\n\n{gap.join(body)}\n\n{names[0]}"


def page(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A web page, the line shown, hidden, or in an attribute."""
    lines = _lines(book, cast, dice, 2, 5)
    shown = dice.choice(
        (
            f"<p>{line}</p>",
            f"<!-- {line} -->",
            f'<div style="display:none">{line}</div>',
            f'<img src="/a.png" alt="{line}">',
            f'<span style="color:#fff;font-size:1px">{line}</span>',
            f'<meta name="description" content="{line}">',
            f"<li>{line}</li>",
            f'<a href="{cast.slots["url"]}" title="{line}">{cast.slots["word"]}</a>',
        )
    )
    body = _put([f"<p>{text}</p>" for text in lines], shown, dice)
    return f"<html><body>\n<h1>{lines[0][:40]}</h1>\n" + "\n".join(body) + "\n</body></html>"


def ticket(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A support ticket."""
    label = book["labels"][4]
    lines = _put(_lines(book, cast, dice, 1, 3), line, dice)
    return (
        f"{label} #{dice.randrange(1000, 99999)} | {cast.slots['name']} | P{dice.randint(1, 4)}\n"
        + "\n".join(lines)
    )


def code(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """Source code with a comment."""
    note = _lines(book, cast, dice, 1, 1)[0]
    shapes = (
        f"def total(rows):\n    # {line}\n    return sum(row.price for row in rows)\n",
        f"// {note}\n// {line}\nexport function total(rows) {{\n  return rows.reduce((sum, row) => sum + row.price, 0);\n}}\n",
        f'/* {line} */\nint main(void) {{ return run(load("{cast.slots["file"]}")); }}\n',
        f"#!/bin/sh\n# {note}\n# {line}\nset -eu\nmake build && make test\n",
        f'class Report:\n    """{note}\n\n    {line}\n    """\n\n    def render(self) -> str:\n        return self.title\n',
        f"-- {line}\nSELECT name, amount FROM orders WHERE day > '2025-03-01';\n",
    )
    return dice.choice(shapes)


def data(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """JSON with the line as one value."""
    fields: dict[str, object] = {
        "id": dice.randrange(1, 9999),
        "title": _lines(book, cast, dice, 1, 1)[0],
        "price": dice.randrange(3, 900),
    }
    fields[dice.choice(("note", "description", "comment", "body", "summary", "bio"))] = line
    fields["tags"] = dice.sample(("new", "garden", "sale", "b2b", "draft", "kids"), 2)
    keys = list(fields)
    dice.shuffle(keys)
    item = {key: fields[key] for key in keys}
    return json.dumps(
        {"items": [item], "total": 1} if dice.random() < 0.5 else item,
        ensure_ascii=False,
        indent=dice.choice((None, 2)),
    )


def table(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A table with the line in one cell."""
    bar = dice.choice((" | ", ",", "\t", ";"))
    cells = _put(_lines(book, cast, dice, 2, 4), line, dice)
    rows = [
        bar.join(
            (
                str(number),
                dice.choice(("Mira", "Otto", "Rosa", "Chen")),
                cell,
                str(dice.randrange(5, 990)),
            )
        )
        for number, cell in enumerate(cells, 1)
    ]
    return bar.join(("nr", "name", "note", "sum")) + "\n" + "\n".join(rows)


def log(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A log."""
    entries = _put(_lines(book, cast, dice, 2, 4), line, dice)
    hour = dice.randrange(0, 23)
    return "\n".join(
        f"2025-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}T{hour:02}:{n:02}:07Z {dice.choice(('INFO', 'WARN', 'DEBUG'))} {text}"
        for n, text in enumerate(entries, 10)
    )


def result(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """What a tool gave back."""
    lines = _put(_lines(book, cast, dice, 1, 3), line, dice)
    shapes = (
        "search results:\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(lines, 1)),
        json.dumps({"status": "ok", "content": " ".join(lines)}, ensure_ascii=False),
        f"HTTP/1.1 200 OK\ncontent-type: text/plain\n\n{' '.join(lines)}",
        f"read_file({cast.slots['file']}) ->\n" + "\n".join(lines),
    )
    return dice.choice(shapes)


def resume(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A curriculum vitae."""
    lines = _put(_lines(book, cast, dice, 1, 2), line, dice)
    return (
        f"{cast.slots['name']} Lindqvist\n{cast.slots['mail']}\n\n2019–2024 Harbor Desk\n2015–2019 Oakline\n\n"
        + "\n".join(f"- {text}" for text in lines)
    )


def calendar(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A calendar entry."""
    place = _lines(book, cast, dice, 1, 1)[0]
    return f"BEGIN:VEVENT\nSUMMARY:{place[:40]}\nDTSTART:20250{dice.randint(1, 9)}1{dice.randint(0, 9)}T090000\nLOCATION:{dice.randrange(100, 399)}\nDESCRIPTION:{line}\nEND:VEVENT"


def tool_definition(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """The definition of a tool."""
    name = dice.choice(
        (
            "add_note",
            "get_weather",
            "list_orders",
            "convert_units",
            "find_route",
            "search_mail",
            "resize_image",
        )
    )
    about = _lines(book, cast, dice, 1, 1)[0]
    schema = {
        "type": "object",
        "properties": {"query": {"type": "string"}, "note": {"type": "string"}},
        "required": ["query"],
    }
    text = f"{about} {line}" if dice.random() < 0.6 else line
    return json.dumps(
        {"name": name, "description": text, "inputSchema": schema}, ensure_ascii=False
    )


def memory(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """Entries of an assistant's memory."""
    lines = _put(_lines(book, cast, dice, 1, 2), line, dice)
    return "memory:\n" + "\n".join(f"- {text}" for text in lines)


def chunk(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """Plain paragraphs of a document."""
    return dice.choice(("\n", "\n\n", " ")).join(_put(_lines(book, cast, dice, 3, 6), line, dice))


def review(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A product review."""
    return f"{'★' * dice.randint(1, 5)} {cast.slots['name']}: " + " ".join(
        _put(_lines(book, cast, dice, 1, 2), line, dice)
    )


Carrier = Callable[[Book, Cast, random.Random, str], str]

CARRIERS: tuple[tuple[Carrier, int], ...] = (
    (mail, DOCUMENT),
    (page, DOCUMENT),
    (ticket, DOCUMENT),
    (code, DOCUMENT),
    (data, TOOL),
    (table, DOCUMENT),
    (log, TOOL),
    (result, TOOL),
    (resume, DOCUMENT),
    (calendar, TOOL),
    (tool_definition, TOOL),
    (memory, MEMORY),
    (chunk, DOCUMENT),
    (review, DOCUMENT),
)
