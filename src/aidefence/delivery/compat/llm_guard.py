"""The API of LLM Guard: `/analyze/prompt`, `/scan/prompt`, and the same for outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from starlette.responses import Response

from aidefence.delivery.compat.asking import Asking, answer, refuse_with, said_by
from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.http.ways import Call, Refuse, Way
from aidefence.domain.access import Permission
from aidefence.domain.asking import Detection
from aidefence.domain.enums import CATEGORIES, Category, Direction, Origin

# Which of their scanners would tell of our categories, in prompts and in outputs.
IN_PROMPTS: Mapping[Category, str] = {
    Category.PII: "Anonymize",
    Category.SECRET: "Secrets",
    Category.HARMFUL_REQUEST: "BanTopics",
    Category.MALICIOUS_URL: "MaliciousURLs",
    Category.UNBOUNDED_CONSUMPTION: "TokenLimit",
    **dict.fromkeys(
        (
            Category.SQL_INJECTION,
            Category.XSS,
            Category.COMMAND_INJECTION,
            Category.PATH_TRAVERSAL,
            Category.UNSAFE_OUTPUT,
        ),
        "Code",
    ),
}
IN_OUTPUTS: Mapping[Category, str] = {**IN_PROMPTS, Category.PII: "Sensitive"}
_OTHERS = "PromptInjection"


class ScanPrompt(Struct):
    """What is asked about a prompt."""

    prompt: str
    scanners_suppress: list[str] = []


class ScanOutput(Struct):
    """What is asked about an output."""

    output: str
    prompt: str = ""
    scanners_suppress: list[str] = []


_prompts = msgspec.json.Decoder(ScanPrompt)
_outputs = msgspec.json.Decoder(ScanOutput)


class LlmGuard:
    """The dialect."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def ways(self) -> list[Way]:
        """Give its routes."""
        return [
            Way("POST", "/analyze/prompt", self._analyze_prompt, Permission.DETECT),
            Way("POST", "/scan/prompt", self._scan_prompt, Permission.DETECT),
            Way("POST", "/analyze/output", self._analyze_output, Permission.DETECT),
            Way("POST", "/scan/output", self._scan_output, Permission.DETECT),
        ]

    async def _scan_prompt(self, call: Call) -> Response:
        given = await self._asking.read(call, _prompts)
        _, found = await self._asking.ask(call, given.prompt)
        told = self._scanned(found, Direction.INPUT, given.scanners_suppress)
        return answer(told, found.allowance)

    async def _analyze_prompt(self, call: Call) -> Response:
        given = await self._asking.read(call, _prompts)
        _, found = await self._asking.ask(call, given.prompt)
        told = self._scanned(found, Direction.INPUT, given.scanners_suppress)
        clean = await self._clean(given.prompt, given.scanners_suppress, "Anonymize")
        return answer({**told, "sanitized_prompt": clean}, found.allowance)

    async def _scan_output(self, call: Call) -> Response:
        given = await self._asking.read(call, _outputs)
        found = await self._ask_output(call, given)
        told = self._scanned(found, Direction.OUTPUT, given.scanners_suppress)
        return answer(told, found.allowance)

    async def _analyze_output(self, call: Call) -> Response:
        given = await self._asking.read(call, _outputs)
        found = await self._ask_output(call, given)
        told = self._scanned(found, Direction.OUTPUT, given.scanners_suppress)
        clean = await self._clean(given.output, given.scanners_suppress, "Sensitive")
        return answer({**told, "sanitized_output": clean}, found.allowance)

    async def _ask_output(self, call: Call, given: ScanOutput) -> Detection:
        what = said_by([given.output], Origin.ASSISTANT, Direction.OUTPUT)
        return (await self._asking.ask(call, what))[1]

    def _scanned(
        self, found: Detection, direction: Direction, suppressed: Sequence[str]
    ) -> dict[str, object]:
        """Give each scanner's risk; what was suppressed neither counts nor is told."""
        names = IN_PROMPTS if direction is Direction.INPUT else IN_OUTPUTS
        scores = {names.get(it, _OTHERS): 0.0 for it in CATEGORIES}
        hit = set[str]()
        for it in found.decision.findings:
            name = names.get(it.category, _OTHERS)
            if self._asking.inspector.counts(it, direction):
                scores[name] = max(scores[name], round(it.score, 2))
                hit.add(name)
        if found.category is not None:
            name = names.get(found.category, _OTHERS)
            scores[name] = max(scores[name], round(found.decision.confidence, 2))
            hit.add(name)
        left_out = set(suppressed)
        return {
            "is_valid": not (hit - left_out),
            "scanners": {name: it for name, it in scores.items() if name not in left_out},
        }

    async def _clean(self, text: str, suppressed: Sequence[str], private: str) -> str:
        wanted = [
            category
            for category, name in ((Category.PII, private), (Category.SECRET, "Secrets"))
            if name not in suppressed
        ]
        if not wanted:
            return text
        redact = self._asking.services.desk.standing.guard.redact
        return await self._asking.aside(lambda: redact(text, categories=wanted).text)


def make_llm_guard(asking: Asking) -> tuple[Sequence[Way], Refuse]:
    """Open this dialect."""
    return LlmGuard(asking).ways(), refuse_with(_error)


def _error(refusal: Refusal) -> dict[str, object]:
    return {"message": refusal.detail, "details": None}
