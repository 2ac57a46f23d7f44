"""Make mark-up harmless: what loads, runs or hides is written so that it only reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from aidefence.domain.content import Degraded
from aidefence.domain.rewrite import ChangeKind, Edit, Rewrite, rewrite

# Bounded everywhere: no text makes the search start over for long.
_URL = r"[^\s<>()]{0,2000}(?:\([^\s<>()]{0,500}\)[^\s<>()]{0,2000}){0,3}"
_TITLE = r"(?:[ \t]{1,4}(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|\([^()\n]{0,300}\)))?"
_SEARCH = re.compile(
    rf"(?P<image>!?)\[(?P<label>[^\[\]\n]{{0,500}})\]"
    rf"\([ \t\n]{{0,4}}<?(?P<target>{_URL})>?{_TITLE}[ \t\n]{{0,4}}\)"
    rf"|(?P<defined>^[ ]{{0,3}}\[[^\[\]\n]{{1,200}}\]:[ \t]{{0,8}})<?(?P<place>{_URL})"
    r"|<(?P<auto>[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]{1,2000})>"
    r"|<(?P<tag>/?[A-Za-z][A-Za-z0-9:-]{0,40}|!--|!\[CDATA\[|[!?][A-Za-z])",
    re.MULTILINE,
)
# So far a tag is read. One that is still open there hides something.
_TAG_MAX = 400
_ATTRIBUTES = re.compile(r"(?:[^>\"']|\"[^\"]*\"|'[^']*')*")
_ROUNDS_MAX = 8
_LEFT = Degraded("neutralize.markup", f"mark-up in mark-up changed more than {_ROUNDS_MAX} times")
_ACTIVE_TAGS = frozenset(
    [
        *("a", "applet", "area", "audio", "base", "body", "button", "canvas", "embed", "form"),
        *("frame", "frameset", "head", "html", "iframe", "image", "img", "input", "isindex"),
        *("link", "marquee", "math", "meta", "noscript", "object", "option", "param", "picture"),
        *("portal", "script", "select", "slot", "source", "style", "svg", "template", "textarea"),
        *("title", "track", "video", "xml", "xmp", "plaintext", "listing", "noembed", "bgsound"),
        *("foreignobject", "animate", "set", "use", "dialog", "fieldset", "keygen", "layer"),
    ]
)
_ACTS = re.compile(
    r"\bon[a-z]{3,30}\s{0,8}=|\b(?:style|src|srcset|href|action|formaction|background|poster"
    r"|data|srcdoc|hidden)\s{0,8}=|(?:java|vb)script:",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31}):")
_WEB = re.compile(r"(h)tt(ps?):[/\\]{2,}([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_MADE_INERT = re.compile(r"hxxps?:", re.IGNORECASE)


def defuse(text: str, *, hosts: Collection[str] = ()) -> Rewrite:
    """Write links and images as text, and the opening of active HTML as `&lt;`.

    `hosts` may stay linked, together with the hosts under them. What names no host stays as well:
    a link within the page loads nothing from elsewhere.
    """
    allowed = frozenset(host.lower().rstrip(".") for host in hosts)
    done = Rewrite(text)
    for _ in range(_ROUNDS_MAX):
        # What a link leaves behind may be the label of another, or end a quote in a tag.
        again = rewrite(done.text, _edits(done.text, allowed))
        if not again.changed:
            return done
        done = done.then(again)
    return done.then(Rewrite(done.text, degraded=(_LEFT,)))


def _edits(text: str, allowed: frozenset[str]) -> Iterator[Edit]:
    for match in _SEARCH.finditer(text):
        edit = _mark_down(match, allowed) if match["tag"] is None else _tag(match, text)
        if edit is not None:
            yield edit


def _mark_down(match: re.Match[str], allowed: frozenset[str]) -> Edit | None:
    start, end = match.span()
    if match["auto"] is not None:
        harmless = defang(match["auto"], allowed)
        if harmless is None:
            return None
        return Edit(start, end, harmless, ChangeKind.DEFUSE, "link")
    if match["defined"] is not None:
        harmless = defang(match["place"], allowed)
        if harmless is None:
            return None
        return Edit(start, end, match["defined"] + harmless, ChangeKind.DEFUSE, "link definition")
    harmless = defang(match["target"], allowed)
    if harmless is None:
        return None
    label = match["label"].strip()
    told = f"{label} ({harmless})" if label else f"({harmless})"
    reason = "image that loads from elsewhere" if match["image"] else "link"
    return Edit(start, end, told, ChangeKind.DEFUSE, reason)


def _tag(match: re.Match[str], text: str) -> Edit | None:
    name = match["tag"].lower().lstrip("/")
    if not _acts(name, match, text):
        return None
    at = match.start()
    return Edit(at, at + 1, "&lt;", ChangeKind.DEFUSE, f"HTML that loads, runs or hides: {name}")


def _acts(name: str, match: re.Match[str], text: str) -> bool:
    if name in _ACTIVE_TAGS or not name[0].isalpha():
        return True
    window = text[match.end() : match.end() + _TAG_MAX]
    if not (window[:1].isspace() or window[:1] == "/"):
        # No attribute can follow: a bare tag, or a type in a program.
        return False
    if ">" not in window:
        return len(window) == _TAG_MAX or _ACTS.search(window) is not None
    found = _ATTRIBUTES.match(window)
    attributes = "" if found is None else found[0]
    if _ACTS.search(attributes):
        return True
    # A quote that never closes.
    return window[len(attributes) : len(attributes) + 1] not in {"", ">"}


def defang(url: str, allowed: frozenset[str] = frozenset()) -> str | None:
    """Write an address so that nothing follows it; none where it leads nowhere else."""
    web = _WEB.fullmatch(url)
    if web is not None:
        host = web[3].lower().rpartition("@")[2].partition(":")[0].rstrip(".")
        if _is_allowed(host, allowed) and "@" not in web[3]:
            return None
        return f"{web[1]}xx{web[2]}://{web[3].replace('.', '[.]')}{_inert(web[4])}"
    if url.startswith(("//", "\\\\", "/\\", "\\/")):
        host, slash, rest = url[2:].replace("\\", "/").partition("/")
        if _is_allowed(host.lower(), allowed):
            return None
        return f"{host.replace('.', '[.]')}{slash}{_inert(rest)}"
    scheme = _SCHEME.match(url)
    if scheme is None or _MADE_INERT.match(url):
        return None
    return f"{scheme[1]}[:]{_inert(url[scheme.end() :])}"


def _inert(rest: str) -> str:
    # An address inside an address would be the next one to be followed.
    return re.sub(r"(?i)\bh(tt)(ps?):", r"hxx\2:", rest)


def _is_allowed(host: str, allowed: frozenset[str]) -> bool:
    return any(host == it or host.endswith(f".{it}") for it in allowed)
