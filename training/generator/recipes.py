"""Which kinds of attack are written, and what follows what in one message."""

from __future__ import annotations

from dataclasses import dataclass

Recipe = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of attack: how often it is drawn, what it is built of, where it stands."""

    category: str
    # The function of `pairs` that puts it together.
    maker: str
    recipes: tuple[Recipe, ...]
    carriers: tuple[str, ...] = ()
    # Sections beside those of the recipes.
    sections: tuple[str, ...] = ()
    share: int = 3


# Orders that may stand in any carrier.
ANYWHERE: tuple[Recipe, ...] = (
    ("address", "override", "goal"),
    ("address", "goal"),
    ("address", "goal", "hide"),
    ("override", "goal"),
    ("address", "exfil_tool", "hide"),
    ("address", "exfil_link"),
    ("exfil_image", "hide"),
    ("address", "extract"),
    ("forged", "goal"),
    ("address", "tool"),
    ("goal", "hide"),
    ("address", "memory"),
    ("authority", "goal"),
)


def _indirect(section: str, *carriers: str, share: int = 3) -> Family:
    native = ((section,), ("address", section), (section, "hide"), ("text", section), (section,))
    return Family(
        "indirect_injection", "carried", (*native, *native, *ANYWHERE), carriers, share=share
    )


FAMILIES: dict[str, Family] = {
    "direct_override": Family(
        "prompt_injection",
        "direct",
        (
            ("override", "goal"),
            ("override",),
            ("chore", "override", "goal"),
            ("override", "hide", "goal"),
            ("authority", "override", "goal"),
            ("text", "override", "goal"),
            ("goal", "override"),
            ("goal", "hide"),
            ("override", "harm"),
        ),
        share=10,
    ),
    "system_forgery": Family(
        "prompt_injection",
        "direct",
        (
            ("forged", "goal"),
            ("forged", "override"),
            ("chore", "forged", "goal"),
            ("forged", "harm"),
            ("text", "forged", "override"),
            ("forged", "extract"),
        ),
        share=5,
    ),
    "fake_transcript": Family(
        "prompt_injection",
        "dialogue",
        (
            ("override", "comply", "goal"),
            ("persona", "comply", "harm"),
            ("extract", "comply", "extract"),
            ("authority", "comply", "harm"),
            ("chore", "forged", "comply"),
        ),
        share=4,
    ),
    "prompt_extraction": Family(
        "prompt_extraction",
        "direct",
        (
            ("extract",),
            ("override", "extract"),
            ("authority", "extract"),
            ("chore", "extract"),
            ("extract", "refusal"),
            ("extract", "extract"),
            ("hypothetical", "extract"),
        ),
        share=10,
    ),
    "role_play": Family(
        "jailbreak",
        "direct",
        (
            ("persona", "refusal"),
            ("persona", "harm"),
            ("persona", "refusal", "harm"),
            ("persona", "override"),
            ("authority", "persona", "harm"),
            ("persona", "persona", "refusal"),
            ("persona", "goal"),
        ),
        share=7,
    ),
    "refusal_suppression": Family(
        "jailbreak",
        "direct",
        (("harm", "refusal"), ("refusal", "harm"), ("refusal", "refusal", "harm")),
    ),
    "authority_urgency": Family(
        "jailbreak",
        "direct",
        (("authority", "harm"), ("authority", "authority", "harm"), ("harm", "authority")),
    ),
    "hypothetical_framing": Family(
        "jailbreak",
        "direct",
        (
            ("hypothetical", "harm"),
            ("hypothetical", "harm", "refusal"),
            ("hypothetical", "persona"),
        ),
    ),
    "crescendo": Family(
        "jailbreak",
        "direct",
        (("crescendo",), ("crescendo", "harm"), ("chore", "crescendo")),
    ),
    "few_shot": Family("jailbreak", "shots", (("harm", "comply"), ("extract", "comply")), share=2),
    "many_shot": Family("jailbreak", "many_shots", (("harm", "comply"),), share=1),
    "translation_framing": Family(
        "prompt_injection",
        "framed",
        (("override", "goal"), ("goal",), ("extract",), ("override",), ("harm",)),
        sections=("translation",),
    ),
    "payload_splitting": Family(
        "obfuscation",
        "split",
        (("override", "goal"), ("extract",), ("override",), ("harm",), ("exfil_tool",)),
        sections=("split",),
    ),
    "encoding": Family(
        "obfuscation",
        "coded",
        (("override", "goal"), ("extract",), ("persona", "refusal"), ("exfil_tool",), ("harm",)),
        sections=("encoded",),
        share=4,
    ),
    "exfiltration_link": Family(
        "data_exfiltration",
        "anywhere",
        (
            ("exfil_link",),
            ("exfil_link", "hide"),
            ("override", "exfil_link"),
            ("text", "exfil_link"),
        ),
        ("mail", "page", "ticket", "result", "chunk", "review"),
    ),
    "exfiltration_image": Family(
        "data_exfiltration",
        "anywhere",
        (("exfil_image",), ("exfil_image", "hide"), ("address", "exfil_image")),
        ("page", "mail", "markdown", "result", "code"),
    ),
    "exfiltration_tool": Family(
        "data_exfiltration",
        "anywhere",
        (
            ("exfil_tool",),
            ("exfil_tool", "hide"),
            ("override", "exfil_tool"),
            ("authority", "exfil_tool"),
            ("chore", "exfil_tool"),
        ),
        ("mail", "ticket", "result", "code", "data", "calendar", "tool_definition"),
        share=4,
    ),
    "tool_poisoning": Family(
        "tool_abuse",
        "carried",
        (
            ("tool",),
            ("tool", "hide"),
            ("text", "tool"),
            ("tool", "exfil_tool"),
            ("address", "tool"),
        ),
        ("tool_definition", "tool_list", "tool_docstring"),
        share=5,
    ),
    "tool_misuse": Family(
        "tool_abuse",
        "anywhere",
        (
            ("tool",),
            ("override", "tool"),
            ("authority", "tool"),
            ("chore", "tool"),
            ("tool", "hide"),
        ),
        ("result", "mail", "ticket", "code", "log"),
    ),
    "memory_poisoning": Family(
        "tool_abuse",
        "anywhere",
        (("memory",), ("memory", "hide"), ("text", "memory"), ("memory", "goal")),
        ("memory", "memory", "chunk", "page"),
        share=4,
    ),
    "indirect_mail": _indirect("mail", "mail", share=4),
    "indirect_page": _indirect("page", "page", "chunk", "markdown", share=4),
    "indirect_hidden_markup": _indirect("page", "hidden", share=4),
    "indirect_alt_text": _indirect("alt", "alt"),
    "indirect_ticket": _indirect("ticket", "ticket"),
    "indirect_code_comment": _indirect("code", "code"),
    "indirect_json": _indirect("record", "data"),
    "indirect_table": _indirect("record", "table"),
    "indirect_log": _indirect("log", "log"),
    "indirect_tool_result": _indirect("page", "result"),
    "indirect_resume": _indirect("resume", "resume"),
    "indirect_calendar": _indirect("calendar", "calendar"),
    "indirect_review": _indirect("page", "review", share=2),
}
