# ruff: noqa: E501, RUF001 - layouts are easier to read in one line
"""Documents that hold a line: mails, pages, tickets, code, tables, logs, tool results and the like.

A carrier is laid out before anyone knows whether the line in it gives orders, so the layout tells
nothing about the label.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from training.generator.grammar import Book, Cast, draw
from training.generator.sources import COMMENTED

USER, TOOL, DOCUMENT, MEMORY = 1, 3, 4, 5

# Names of fields, tools and the like are English everywhere, as they are in the world.
_FIELDS = (
    "note",
    "description",
    "comment",
    "body",
    "summary",
    "bio",
    "remark",
    "content",
    "reason",
)
_TAGS = ("new", "garden", "sale", "b2b", "draft", "kids", "urgent", "vip", "2025", "it", "archive")
_MODULES = (
    "auth",
    "cron",
    "mailer",
    "billing",
    "sync",
    "worker-3",
    "nginx",
    "import",
    "db",
    "queue",
)
_TOOLS = (
    *("add_note", "get_weather", "list_orders", "convert_units", "find_route", "search_mail"),
    *("resize_image", "read_page", "book_table", "check_stock", "send_invoice", "lookup_user"),
    *(
        "create_event",
        "translate_text",
        "track_parcel",
        "run_query",
        "export_report",
        "post_message",
    ),
)


def _lines(book: Book, cast: Cast, dice: random.Random, least: int, most: int) -> list[str]:
    texts = book.plain["text"]
    count = min(len(texts), dice.randint(least, most))
    return [cast.fill(text, draw(dice)) for text in dice.sample(texts, count)]


def _put(lines: list[str], line: str, dice: random.Random) -> list[str]:
    at = dice.randint(0, len(lines))
    return [*lines[:at], line, *lines[at:]]


def _names(book: Book, dice: random.Random, count: int) -> list[str]:
    return dice.sample(book.lists["name"], count)


def _date(dice: random.Random) -> str:
    return f"202{dice.randint(4, 6)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"


def mail(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A mail, with a header, an answer above the old mail, or forwarded."""
    subject, sender, to, *_ = book.lists["labels"]
    body = _put(_lines(book, cast, dice, 1, 4), line, dice)
    names = _names(book, dice, 2)
    hello = dice.choice(book.lists["hello"])
    about = _lines(book, cast, dice, 1, 1)[0][:48]
    gap = dice.choice(("\n", "\n\n", " "))
    head = f"{sender}: {names[0]}\n{to}: {names[1]}\n{subject}: {about}"
    quoted = "\n".join(f"> {text}" for text in _lines(book, cast, dice, 1, 2))
    shapes = (
        f"{head}\n\n{gap.join(body)}\n\n{names[0]}",
        f"{head}\n\n{hello}\n\n{gap.join(body)}\n\n-- \n{names[0]}\n{cast.slots['mail']}",
        f"{subject}: Re: {about}\n\n{gap.join(body)}\n\n{names[0]}\n\n{quoted}",
        f"---------- Forwarded message ---------\n{sender}: {names[0]} <{cast.slots['mail']}>\nDate: {_date(dice)}\n\n{gap.join(body)}",
        f"{hello}\n{gap.join(body)}\n{names[0]}",
    )
    return dice.choice(shapes)


def page(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A web page that shows the line."""
    shown = dice.choice(
        (
            f"<p>{line}</p>",
            f"<li>{line}</li>",
            f"<td>{line}</td>",
            f'<a href="{cast.slots["url"]}">{line}</a>',
            f'<div class="comment"><b>{_names(book, dice, 1)[0]}</b>: {line}</div>',
            f"<blockquote>{line}</blockquote>",
            f"<footer>{line}</footer>",
        )
    )
    return _html(book, cast, dice, shown)


def hidden(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """Mark-up that holds the line where readers don't see it."""
    shown = dice.choice(
        (
            f"<!-- {line} -->",
            f'<div style="display:none">{line}</div>',
            f'<span style="color:#fff;font-size:1px">{line}</span>',
            f'<p style="opacity:0;position:absolute;left:-9999px">{line}</p>',
            f'<meta name="description" content="{line}">',
            f'<input type="hidden" name="note" value="{line}">',
            f"<template>{line}</template>",
            f"<noscript>{line}</noscript>",
            f'<section hidden aria-hidden="true">{line}</section>',
            f'<script type="application/ld+json">{json.dumps({"@type": "Article", "abstract": line}, ensure_ascii=False)}</script>',
        )
    )
    if dice.random() < 0.25:
        lines = _lines(book, cast, dice, 2, 4)
        mark = dice.choice(
            (
                f"[//]: # ({line})",
                f"<!-- {line} -->",
                f"% {line}",
                f"\\begin{{comment}}\n{line}\n\\end{{comment}}",
            )
        )
        return "\n\n".join(_put(lines, mark, dice))
    return _html(book, cast, dice, shown)


def alt(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A picture whose description is the line."""
    image = dice.choice(
        ("/a.png", "/img/harbor.jpg", "chart-3.svg", "/media/team.webp", "scan_07.jpeg")
    )
    shown = dice.choice(
        (
            f'<img src="{image}" alt="{line}">',
            f'<figure><img src="{image}"><figcaption>{line}</figcaption></figure>',
            f'<svg role="img"><title>{line}</title><circle r="4"/></svg>',
            f'<button aria-label="{line}">▶</button>',
            f'<img src="{image}" title="{line}" alt="">',
        )
    )
    if dice.random() < 0.35:
        return "\n\n".join(_put(_lines(book, cast, dice, 1, 3), f"![{line}]({image})", dice))
    return _html(book, cast, dice, shown)


def _html(book: Book, cast: Cast, dice: random.Random, shown: str) -> str:
    lines = _lines(book, cast, dice, 2, 5)
    body = _put([f"<p>{text}</p>" for text in lines], shown, dice)
    title = lines[0][:40]
    shapes = (
        f"<html><body>\n<h1>{title}</h1>\n" + "\n".join(body) + "\n</body></html>",
        f"<!doctype html>\n<html lang={book.lang}>\n<head><title>{title}</title></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>",
        f'<article id="a{dice.randrange(10, 999)}">\n<h2>{title}</h2>\n<time>{_date(dice)}</time>\n'
        + "\n".join(body)
        + "\n</article>",
        "".join(body),
    )
    return dice.choice(shapes)


def markdown(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A page in Markdown."""
    lines = _put(
        _lines(book, cast, dice, 2, 4),
        dice.choice((line, f"- {line}", f"> {line}", f"**{line}**")),
        dice,
    )
    link = f"[{cast.slots['place']}]({cast.slots['url']})"
    return f"# {_lines(book, cast, dice, 1, 1)[0][:40]}\n\n" + "\n\n".join([*lines, link])


def ticket(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A support ticket."""
    label, comment = book.lists["labels"][4:6]
    lines = _put(_lines(book, cast, dice, 1, 3), line, dice)
    number, name, other = dice.randrange(1000, 99999), *_names(book, dice, 2)
    shapes = (
        f"{label} #{number} | {name} | P{dice.randint(1, 4)}\n" + "\n".join(lines),
        f"{label}-{number}\n{comment} 1 ({name}): {lines[0]}\n"
        + "\n".join(f"{comment} {at} ({other}): {text}" for at, text in enumerate(lines[1:], 2)),
        f"id: {number}\nstatus: {dice.choice(('open', 'waiting', 'solved', 'new'))}\nrequester: {name}\nassignee: {other}\n---\n"
        + "\n".join(lines),
    )
    return dice.choice(shapes)


def code(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """Source code with a comment."""
    note = _lines(book, cast, dice, 1, 1)[0]
    source = dice.choice(COMMENTED)
    return (
        source.replace("@line", line)
        .replace("@note", note)
        .replace("@file", cast.slots["file"])
        .replace("@url", cast.slots["url"])
    )


def data(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """JSON with the line as one value."""
    fields: dict[str, object] = {
        "id": dice.randrange(1, 9999),
        "title": _lines(book, cast, dice, 1, 1)[0],
        dice.choice(("price", "amount", "score", "qty")): dice.randrange(3, 900),
        dice.choice(("author", "customer", "owner", "name")): _names(book, dice, 1)[0],
    }
    if dice.random() < 0.4:
        fields["updated"] = f"{_date(dice)}T08:{dice.randint(10, 59)}:00Z"
    fields[dice.choice(_FIELDS)] = line
    fields["tags"] = dice.sample(_TAGS, 2)
    keys = list(fields)
    dice.shuffle(keys)
    item: dict[str, object] = {key: fields[key] for key in keys}
    shapes: tuple[object, ...] = (
        item,
        {"items": [item], "total": 1},
        {"ok": True, "data": {"node": item}},
        [item, {"id": 2, "title": _lines(book, cast, dice, 1, 1)[0]}],
    )
    return json.dumps(dice.choice(shapes), ensure_ascii=False, indent=dice.choice((None, 2)))


def table(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A table with the line in one cell."""
    bar = dice.choice((" | ", ",", "\t", ";"))
    cells = _put(_lines(book, cast, dice, 2, 4), line, dice)
    rows = [
        bar.join((str(number), dice.choice(book.lists["name"]), cell, str(dice.randrange(5, 990))))
        for number, cell in enumerate(cells, 1)
    ]
    head = bar.join((dice.choice(("nr", "id", "row")), "name", dice.choice(_FIELDS), "sum"))
    if dice.random() < 0.2:
        cells_html = "".join(
            f"<tr><td>{number}</td><td>{cell}</td></tr>" for number, cell in enumerate(cells, 1)
        )
        return f"<table>{cells_html}</table>"
    return head + "\n" + "\n".join(rows)


def log(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A log."""
    entries = _put(_lines(book, cast, dice, 2, 4), line, dice)
    day, hour = _date(dice), dice.randrange(0, 23)
    module = dice.choice(_MODULES)
    levels = [dice.choice(("INFO", "WARN", "DEBUG", "ERROR")) for _ in entries]
    rows = list(enumerate(zip(levels, entries, strict=True), 10))
    shapes = (
        [f"{day}T{hour:02}:{n:02}:07Z {level} {text}" for n, (level, text) in rows],
        [f"[{hour:02}:{n}:44] {module}[{n * 31}]: {text}" for n, (_, text) in rows],
        [
            f'level={level.lower()} ts={day} module={module} msg="{text}"'
            for _, (level, text) in rows
        ],
        [
            json.dumps({"level": level, "logger": module, "message": text}, ensure_ascii=False)
            for _, (level, text) in rows
        ],
        [
            f'10.0.{n}.7 - - [{day}] "GET /{module} HTTP/1.1" 200 {n * 13} "{text}"'
            for n, (_, text) in rows
        ],
    )
    return "\n".join(dice.choice(shapes))


def result(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """What a tool gave back."""
    lines = _put(_lines(book, cast, dice, 1, 3), line, dice)
    tool = dice.choice(_TOOLS)
    shapes = (
        "search results:\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(lines, 1)),
        json.dumps({"status": "ok", "content": " ".join(lines)}, ensure_ascii=False),
        f"HTTP/1.1 200 OK\ncontent-type: text/plain\n\n{' '.join(lines)}",
        f"read_file({cast.slots['file']}) ->\n" + "\n".join(lines),
        f"[{tool}] returned {len(lines)} rows\n" + "\n".join(f"* {text}" for text in lines),
        json.dumps(
            {
                "tool": tool,
                "result": [{"snippet": text, "url": cast.slots["url"]} for text in lines],
            },
            ensure_ascii=False,
        ),
        f"<tool_result name={tool}>\n" + "\n".join(lines) + "\n</tool_result>",
        f"$ cat {cast.slots['file']}\n" + "\n".join(lines) + "\n$",
    )
    return dice.choice(shapes)


def resume(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A curriculum vitae."""
    lines = _put(_lines(book, cast, dice, 1, 2), line, dice)
    name, firms = (
        _names(book, dice, 1)[0],
        dice.sample(("Harbor Desk", "Oakline", "Mintlab", "Northpost", "Bluekiln", "Fernbank"), 2),
    )
    year = dice.randrange(2008, 2020)
    jobs = f"{year + 4}–{year + 6} {firms[0]}, {cast.slots['place']}\n{year}–{year + 4} {firms[1]}"
    skills = ", ".join(
        dice.sample(("SQL", "Excel", "Python", "SAP", "CAD", "Figma", "Java", "R", "Kotlin"), 3)
    )
    shapes = (
        f"{name}\n{cast.slots['mail']}\n\n{jobs}\n\n" + "\n".join(f"- {text}" for text in lines),
        f"# CV: {name}\n\n{jobs}\n\n{skills}\n\n" + " ".join(lines),
        json.dumps(
            {
                "basics": {"name": name, "email": cast.slots["mail"], "summary": " ".join(lines)},
                "skills": skills.split(", "),
            },
            ensure_ascii=False,
        ),
    )
    return dice.choice(shapes)


def calendar(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A calendar entry."""
    about = _lines(book, cast, dice, 1, 1)[0][:40]
    day, room = _date(dice), dice.randrange(100, 399)
    names = _names(book, dice, 2)
    shapes = (
        f"BEGIN:VEVENT\nSUMMARY:{about}\nDTSTART:{day.replace('-', '')}T090000\nLOCATION:{room}\nDESCRIPTION:{line}\nEND:VEVENT",
        f"{day} {cast.slots['time']} {about}\n{', '.join(names)}\n{line}",
        json.dumps(
            {
                "event": about,
                "start": f"{day}T{cast.slots['time']}",
                "attendees": names,
                "notes": line,
            },
            ensure_ascii=False,
        ),
        f"{about} ({cast.slots['place']}, {cast.slots['day']} {cast.slots['time']})\n\n{line}",
    )
    return dice.choice(shapes)


def _schema(dice: random.Random) -> dict[str, object]:
    names = dice.sample(("query", "note", "id", "limit", "text", "path", "lang", "date"), 2)
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": names[:1],
    }


def tool_definition(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """The definition of a tool, the line in its description or in that of an argument."""
    about = _lines(book, cast, dice, 1, 1)[0]
    schema = _schema(dice)
    tool: dict[str, object] = {
        "name": dice.choice(_TOOLS),
        "description": f"{about} {line}" if dice.random() < 0.5 else line,
        "inputSchema": schema,
    }
    if dice.random() < 0.25:
        tool = {
            "name": tool["name"],
            "description": about,
            "parameters": {
                "type": "object",
                "properties": {"note": {"type": "string", "description": line}},
            },
        }
    return json.dumps(tool, ensure_ascii=False, indent=dice.choice((None, None, 2)))


def tool_list(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """The tools of a server, one of them with the line."""
    texts = _put(_lines(book, cast, dice, 1, 2), line, dice)
    names = dice.sample(_TOOLS, len(texts))
    tools = [
        {"name": name, "description": text, "inputSchema": _schema(dice)}
        for name, text in zip(names, texts, strict=True)
    ]
    if dice.random() < 0.3:
        return "tools:\n" + "\n".join(
            f"  - name: {tool['name']}\n    description: >\n      {tool['description']}"
            for tool in tools
        )
    return json.dumps(
        {"jsonrpc": "2.0", "id": dice.randrange(1, 40), "result": {"tools": tools}},
        ensure_ascii=False,
    )


def tool_docstring(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A function that a server offers as a tool."""
    about = _lines(book, cast, dice, 1, 1)[0]
    return f'@server.tool()\ndef {dice.choice(_TOOLS)}(query: str, note: str = "") -> str:\n    """{about}\n\n    {line}\n    """\n    return client.call(query)\n'


def memory(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """Entries of an assistant's memory."""
    lines = _put(_lines(book, cast, dice, 1, 2), line, dice)
    shapes = (
        "memory:\n" + "\n".join(f"- {text}" for text in lines),
        "\n".join(f"{_date(dice)} {text}" for text in lines),
        json.dumps(
            [{"key": f"fact_{at}", "value": text} for at, text in enumerate(lines, 1)],
            ensure_ascii=False,
        ),
    )
    return dice.choice(shapes)


def chunk(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """Plain paragraphs of a document."""
    return dice.choice(("\n", "\n\n", " ")).join(_put(_lines(book, cast, dice, 3, 6), line, dice))


def review(book: Book, cast: Cast, dice: random.Random, line: str) -> str:
    """A product review."""
    return f"{'★' * dice.randint(1, 5)} {_names(book, dice, 1)[0]}: " + " ".join(
        _put(_lines(book, cast, dice, 1, 2), line, dice)
    )


Carrier = Callable[[Book, Cast, random.Random, str], str]

CARRIERS: dict[str, tuple[Carrier, int]] = {
    "mail": (mail, DOCUMENT),
    "page": (page, DOCUMENT),
    "hidden": (hidden, DOCUMENT),
    "alt": (alt, DOCUMENT),
    "markdown": (markdown, DOCUMENT),
    "ticket": (ticket, DOCUMENT),
    "code": (code, DOCUMENT),
    "data": (data, TOOL),
    "table": (table, DOCUMENT),
    "log": (log, TOOL),
    "result": (result, TOOL),
    "resume": (resume, DOCUMENT),
    "calendar": (calendar, TOOL),
    "tool_definition": (tool_definition, TOOL),
    "tool_list": (tool_list, TOOL),
    "tool_docstring": (tool_docstring, TOOL),
    "memory": (memory, MEMORY),
    "chunk": (chunk, DOCUMENT),
    "review": (review, DOCUMENT),
}
