"""What a value would do behind the tool it goes to: statements, commands, paths, addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from urllib.parse import unquote

from aidefence.domain.content import Span
from aidefence.domain.tools import Capability
from aidefence.service.call_arguments import Argument
from aidefence.service.tool_texts import words_of

Danger = tuple[str, Span]
_TEXT_MAX = 100_000


class Role(StrEnum):
    """What an argument is meant to hold."""

    SQL = "sql"
    SHELL = "shell"
    CODE = "code"
    BODY = "body"
    VALUE = "value"


_SQL_KEYS = frozenset({"sql", "query", "statement", "statements"})
_SQL_TOOLS = re.compile(
    r"\b(sql|database|db|postgres\w*|mysql|sqlite|bigquery|snowflake|warehouse)\b"
)
_SHELL_KEYS = frozenset({"command", "commands", "cmd", "script", "shell", "bash", "args", "input"})
_CODE_KEYS = frozenset({"code", "source", "python", "javascript", "snippet", "program", "cell"})
_BODY_KEYS = frozenset(
    {"content", "contents", "text", "body", "message", "html", "markdown", "patch", "diff",
     "string", "str", "description", "comment", "note", "notes", "subject", "title", "prompt",
     "question", "summary", "data"}
)  # fmt: skip

# Whatever a tool is called: one that is handed this runs it, sends to it, asks it or pays it.
_COMMAND_KEYS = frozenset({"command", "commands", "cmd", "shell", "bash", "powershell"})
_RECEIVER_KEYS = frozenset({"to", "cc", "bcc", "recipient", "recipients", "receiver", "webhook"})
_PAYEE_KEYS = frozenset({"iban", "payee", "beneficiary", "wallet"})
_SHELL_NAMES = frozenset({"shell", "bash", "sh", "zsh", "terminal", "powershell", "cmd"})

# Comments and blanks between words are how statements are dressed.
_GAP = r"(?:\s|/\*.{0,40}?\*/|--[^\n]{0,40}\n)+"
_SQL = re.compile(
    rf"(?:^|;)\s*(?:drop{_GAP}(?:table|database|schema|view|index|user|role)\b|truncate\b|"
    rf"delete{_GAP}from{_GAP}[\w.\"`\[\]]+\s*(?:;|$|where\s+(?:1\s*=\s*1|true)\b)|"
    rf"update{_GAP}[\w.\"`\[\]]+{_GAP}set\b(?![^;]{{0,2000}}\bwhere\b)|"
    rf"(?:grant|revoke)\b|alter{_GAP}(?:user|role|login)\b|"
    rf"(?:exec(?:ute)?\s+)?(?:xp_cmdshell|sp_configure)\b|copy\b[^;]{{0,200}}\bprogram\b)|"
    rf"\binto{_GAP}(?:outfile|dumpfile)\b|\bload_file\s*\(",
    re.IGNORECASE | re.DOTALL,
)
_SHELL = re.compile(
    r"\brm\s{1,9}(?:-\w{1,30}\s{1,9}){0,8}-\w{0,20}[rf]\w{0,20}\s{1,9}(?:-\w{1,30}\s{1,9}){0,8}"
    r"(?:/(?:\s|$|\*)|~|\$HOME|\*|/(?:etc|usr|var|home|bin|boot)\b)|"
    r"\bmkfs\b|\bdd\s+[^\n|;]{0,80}\bof=/dev/|>\s*/dev/sd|:\(\)\s*\{|"
    r"\b(?:curl|wget|fetch|iwr|irm)\b[^\n;]{0,300}\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b|"
    r"\b(?:curl|wget)\b[^\n;]{0,300}\|\s*(?:sudo\s+)?(?:python\d?|perl|node|ruby)\b|"
    r"\bbase64\s+(?:-d|--decode|-D)\b[^\n;]{0,80}\|\s*(?:ba|z)?sh\b|"
    r"/dev/tcp/|\bnc\b[^\n;|]{0,60}\s-\w*e\b|\bcrontab\s+-(?!l)|>>?\s*~?/?\S*authorized_keys\b|"
    r"\bchmod\s+(?:-R\s+)?0?777\s+/|\biex\s*\(|-enc(?:odedcommand)?\s+[A-Za-z0-9+/=]{16}|"
    r"\bgit\s+push\b[^\n;]{0,80}\s--force\b|\bshutdown\b\s+-|\bkillall\b",
    re.IGNORECASE,
)
_PATH = re.compile(
    r"(?:^|[\s\"'=/~\\])(?:\.ssh/|id_(?:rsa|ed25519|ecdsa)\b|\.aws/credentials|"
    r"\.env(?:\.\w+)?(?=$|[\s\"';|&)])|"
    r"\.kube/config|\.netrc\b|\.npmrc\b|\.pypirc\b|\.git-credentials|\.gnupg/|\.docker/config\.json|"
    r"wallet\.dat\b|cookies\.sqlite|login data\b|ntds\.dit|mcp\.json\b|"
    r"claude_desktop_config\.json)|"
    r"/etc/(?:shadow|passwd|sudoers)\b|/proc/(?:self|\d+)/(?:environ|mem)|/(?:root)/\.|"
    r"\\windows\\system32\\config",
    re.IGNORECASE,
)
_CLIMB = re.compile(r"(?:^|[/\\=])\.\.(?:[/\\]|%2f|%5c)", re.IGNORECASE)
_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]{1,20})://([^\s/?#\"'<>]{0,300})", re.IGNORECASE)
_ODD = frozenset(
    {"file", "gopher", "dict", "ldap", "ldaps", "jar", "netdoc", "phar", "expect", "tftp"}
)
_METADATA = re.compile(r"\b169\.254\.169\.254\b|\bmetadata\.google\.internal\b", re.IGNORECASE)
_PLAIN = frozenset({"http", "https", "ws", "wss", "ftp"})
_INSIDE = ("localhost", "metadata.google.internal", "metadata", "host.docker.internal")
_INSIDE_ENDS = (".localhost", ".internal", ".local", ".localdomain")
_NUMBERS = re.compile(r"^(?:0x[0-9a-f]{1,8}|0[0-7]{1,11}|\d{1,10})$", re.IGNORECASE)


def told_by_call(name: str, arguments: Sequence[Argument]) -> frozenset[Capability]:
    """Tell what a tool can do from what it is handed, and from a name that is a shell's own."""
    can: set[Capability] = set()
    if not _SHELL_NAMES.isdisjoint(words_of(name).lower().split()[-1:]):
        can.add(Capability.SHELL)
    for argument in arguments:
        words = set(argument.key.split())
        if words & _COMMAND_KEYS:
            can.add(Capability.SHELL)
        if words & _RECEIVER_KEYS:
            can.add(Capability.OUTWARD)
        if words & _PAYEE_KEYS:
            can.add(Capability.PAYMENT)
        if _ADDRESS.match(argument.text):
            can.add(Capability.NETWORK)
    return frozenset(can)


def role_of(argument: Argument, tool: str, can: frozenset[Capability]) -> Role:
    """Tell what an argument is meant to hold, from its name and what the tool does."""
    words = set(argument.key.split())
    if words & _SQL_KEYS and ("sql" in words or _SQL_TOOLS.search(tool)):
        return Role.SQL
    if Capability.SHELL in can and words & _SHELL_KEYS:
        return Role.SHELL
    if words & _CODE_KEYS and (Capability.SHELL in can or Capability.WRITE in can):
        return Role.CODE
    return Role.BODY if words & _BODY_KEYS else Role.VALUE


def dangers_of(argument: Argument, role: Role, named: str) -> Iterator[Danger]:
    """Give what a value would do that no tool is meant to; `named` is what the task speaks of."""
    text = argument.text[:_TEXT_MAX]
    if role is Role.SQL:
        yield from _first("call-destructive-sql", _SQL, text)
    if role in {Role.SHELL, Role.CODE}:
        yield from _first("call-destructive-shell", _SHELL, text)
    if role is Role.BODY:
        return
    for match in _PATH.finditer(unquote(text) if len(unquote(text)) == len(text) else text):
        word = match[0].strip(" \t\"'=/~\\").lower()
        if word not in named:
            yield "call-sensitive-path", Span(match.start(), match.end())
            break
    if role is Role.VALUE:
        yield from _first("call-climbing-path", _CLIMB, text)
    if role in {Role.SHELL, Role.CODE}:
        # There the machine itself is at work; only the cloud's keys are none of its business.
        yield from _first("call-inside-address", _METADATA, text)
    else:
        yield from _addresses(text, named)


def _addresses(text: str, named: str) -> Iterator[Danger]:
    for match in _ADDRESS.finditer(text):
        scheme, place = match[1].lower(), match[2].rpartition("@")[2].lower()
        span = Span(match.start(), match.end())
        if scheme in _ODD:
            yield "call-odd-scheme", span
            return
        host = place[1 : place.find("]")] if place.startswith("[") else place.partition(":")[0]
        if scheme in _PLAIN and _is_inside(host.rstrip(".")) and (not host or host not in named):
            yield "call-inside-address", span
            return


def _is_inside(host: str) -> bool:
    if host in _INSIDE or host.endswith(_INSIDE_ENDS):
        return True
    try:
        if _NUMBERS.match(host):
            # Programs that connect read these as addresses too.
            base = (
                16 if host.startswith("0x") else 8 if host.startswith("0") and host != "0" else 10
            )
            address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv4Address(
                int(host, base)
            )
        else:
            address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


def _first(rule_id: str, pattern: re.Pattern[str], text: str) -> Iterator[Danger]:
    match = pattern.search(text)
    if match is not None:
        yield rule_id, Span(match.start(), match.end())
