"""Every category's numbers in the public catalogues: one table, and the ids it may name.

OWASP LLM Top 10 (2025), OWASP Agentic Top 10 (2026), MITRE ATLAS 5.6.0 and CWE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aidefence.domain.enums import Category, Severity

OWASP_LLM: Mapping[str, str] = MappingProxyType(
    {
        "LLM01": "Prompt Injection",
        "LLM02": "Sensitive Information Disclosure",
        "LLM03": "Supply Chain",
        "LLM04": "Data and Model Poisoning",
        "LLM05": "Improper Output Handling",
        "LLM06": "Excessive Agency",
        "LLM07": "System Prompt Leakage",
        "LLM08": "Vector and Embedding Weaknesses",
        "LLM09": "Misinformation",
        "LLM10": "Unbounded Consumption",
    }
)

OWASP_AGENTIC: Mapping[str, str] = MappingProxyType(
    {
        "ASI01": "Agent Goal Hijack",
        "ASI02": "Tool Misuse and Exploitation",
        "ASI03": "Identity and Privilege Abuse",
        "ASI04": "Agentic Supply Chain",
        "ASI05": "Unexpected Code Execution",
        "ASI06": "Memory and Context Poisoning",
        "ASI07": "Insecure Inter-Agent Communication",
        "ASI08": "Cascading Failures",
        "ASI09": "Human-Agent Trust Exploitation",
        "ASI10": "Rogue Agents",
    }
)

ATLAS: Mapping[str, str] = MappingProxyType(
    {
        "AML.T0029": "Denial of AI Service",
        "AML.T0034.002": "Agentic Resource Consumption",
        "AML.T0051": "LLM Prompt Injection",
        "AML.T0053": "AI Agent Tool Invocation",
        "AML.T0054": "LLM Jailbreak",
        "AML.T0056": "Extract LLM System Prompt",
        "AML.T0057": "LLM Data Leakage",
        "AML.T0061": "LLM Prompt Self-Replication",
        "AML.T0065": "LLM Prompt Crafting",
        "AML.T0067": "LLM Trusted Output Components Manipulation",
        "AML.T0068": "LLM Prompt Obfuscation",
        "AML.T0069": "Discover LLM System Information",
        "AML.T0070": "RAG Poisoning",
        "AML.T0071": "False RAG Entry Injection",
        "AML.T0077": "LLM Response Rendering",
        "AML.T0080": "AI Agent Context Poisoning",
        "AML.T0080.000": "AI Agent Context Poisoning: Memory",
        "AML.T0082": "RAG Credential Harvesting",
        "AML.T0083": "Credentials from AI Agent Configuration",
        "AML.T0084": "Discover AI Agent Configuration",
        "AML.T0084.001": "Discover AI Agent Configuration: Tool Definitions",
        "AML.T0086": "Exfiltration via AI Agent Tool Invocation",
        "AML.T0092": "Manipulate User LLM Chat History",
        "AML.T0094": "Delay Execution of LLM Instructions",
        "AML.T0098": "AI Agent Tool Credential Harvesting",
        "AML.T0099": "AI Agent Tool Data Poisoning",
        "AML.T0101": "Data Destruction via AI Agent Tool Invocation",
        "AML.T0109": "AI Supply Chain Rug Pull",
        "AML.T0110": "AI Agent Tool Poisoning",
    }
)

CWE: Mapping[str, str] = MappingProxyType(
    {
        "CWE-22": "Path Traversal",
        "CWE-78": "OS Command Injection",
        "CWE-79": "Cross-site Scripting",
        "CWE-89": "SQL Injection",
        "CWE-116": "Improper Encoding or Escaping of Output",
        "CWE-200": "Exposure of Sensitive Information to an Unauthorized Actor",
        "CWE-359": "Exposure of Private Personal Information to an Unauthorized Actor",
        "CWE-400": "Uncontrolled Resource Consumption",
        "CWE-601": "URL Redirection to Untrusted Site",
        "CWE-770": "Allocation of Resources Without Limits or Throttling",
        "CWE-798": "Use of Hard-coded Credentials",
        "CWE-862": "Missing Authorization",
        "CWE-918": "Server-Side Request Forgery",
        "CWE-1426": "Improper Validation of Generative AI Output",
        "CWE-1427": "Improper Neutralization of Input Used for LLM Prompting",
    }
)

KNOWN_IDS: frozenset[str] = frozenset({*OWASP_LLM, *OWASP_AGENTIC, *ATLAS, *CWE})


@dataclass(frozen=True, slots=True)
class TaxonomyEntry:
    """One category in words and in the catalogues' numbers."""

    title: str
    description: str
    severity: Severity
    owasp_llm: tuple[str, ...]
    owasp_agentic: tuple[str, ...]
    atlas: tuple[str, ...]
    cwe: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All catalogue numbers, in catalogue order."""
        return (*self.owasp_llm, *self.owasp_agentic, *self.atlas, *self.cwe)


TAXONOMY: Mapping[Category, TaxonomyEntry] = MappingProxyType(
    {
        Category.PROMPT_INJECTION: TaxonomyEntry(
            "Prompt injection",
            "The text tries to replace the orders that the model was given.",
            Severity.HIGH,
            ("LLM01",),
            ("ASI01",),
            ("AML.T0051", "AML.T0065"),
            ("CWE-1427",),
        ),
        Category.INDIRECT_INJECTION: TaxonomyEntry(
            "Indirect injection",
            "A document, web page or tool result speaks to the model instead of to its reader.",
            Severity.HIGH,
            ("LLM01", "LLM08"),
            ("ASI01", "ASI06"),
            ("AML.T0051", "AML.T0070", "AML.T0071", "AML.T0080"),
            ("CWE-1427",),
        ),
        Category.JAILBREAK: TaxonomyEntry(
            "Jailbreak",
            "The text talks the model out of its rules: personas, modes, games, banned refusals.",
            Severity.HIGH,
            ("LLM01",),
            ("ASI01", "ASI09"),
            ("AML.T0054",),
            ("CWE-1427",),
        ),
        Category.PROMPT_EXTRACTION: TaxonomyEntry(
            "Prompt extraction",
            "The text wants the system prompt, hidden instructions or tool definitions.",
            Severity.MEDIUM,
            ("LLM07",),
            ("ASI03",),
            ("AML.T0056", "AML.T0069", "AML.T0084.001"),
            ("CWE-200",),
        ),
        Category.DATA_EXFILTRATION: TaxonomyEntry(
            "Data exfiltration",
            "The text makes the model carry data out: by links, images, mail or tool calls.",
            Severity.CRITICAL,
            ("LLM02", "LLM05"),
            ("ASI02", "ASI03"),
            ("AML.T0057", "AML.T0077", "AML.T0086", "AML.T0082"),
            ("CWE-200",),
        ),
        Category.TOOL_ABUSE: TaxonomyEntry(
            "Tool abuse",
            "The text drives tools to act without consent, or poisons a tool's own description.",
            Severity.HIGH,
            ("LLM06",),
            ("ASI02", "ASI04"),
            ("AML.T0053", "AML.T0101", "AML.T0110"),
            ("CWE-862",),
        ),
        Category.OBFUSCATION: TaxonomyEntry(
            "Obfuscation",
            "The text hides what it says: encodings, invisible characters, look-alike letters.",
            Severity.MEDIUM,
            ("LLM01",),
            ("ASI01",),
            ("AML.T0068",),
            ("CWE-116",),
        ),
        Category.HARMFUL_REQUEST: TaxonomyEntry(
            "Harmful request",
            "The text asks for help with hurting people, property or systems.",
            Severity.HIGH,
            ("LLM01",),
            ("ASI09",),
            ("AML.T0054",),
        ),
        Category.PII: TaxonomyEntry(
            "Personal data",
            "The text holds data that points at a person: numbers, addresses, documents.",
            Severity.MEDIUM,
            ("LLM02",),
            ("ASI03",),
            ("AML.T0057",),
            ("CWE-359",),
        ),
        Category.SECRET: TaxonomyEntry(
            "Secret",
            "The text holds a key, token, password or private key.",
            Severity.CRITICAL,
            ("LLM02",),
            ("ASI03",),
            ("AML.T0057", "AML.T0083", "AML.T0098"),
            ("CWE-798", "CWE-200"),
        ),
        Category.SQL_INJECTION: TaxonomyEntry(
            "SQL injection",
            "The text would change the meaning of a database query it is put into.",
            Severity.HIGH,
            ("LLM05",),
            ("ASI02", "ASI05"),
            ("AML.T0053",),
            ("CWE-89",),
        ),
        Category.XSS: TaxonomyEntry(
            "Cross-site scripting",
            "The text would run script in the page that shows it.",
            Severity.HIGH,
            ("LLM05",),
            ("ASI05",),
            ("AML.T0077",),
            ("CWE-79",),
        ),
        Category.COMMAND_INJECTION: TaxonomyEntry(
            "Command injection",
            "The text would run commands in a shell or an interpreter it reaches.",
            Severity.CRITICAL,
            ("LLM05", "LLM06"),
            ("ASI02", "ASI05"),
            ("AML.T0053",),
            ("CWE-78",),
        ),
        Category.PATH_TRAVERSAL: TaxonomyEntry(
            "Path traversal",
            "The text would reach files outside the folder it is meant for.",
            Severity.HIGH,
            ("LLM05",),
            ("ASI02",),
            ("AML.T0053",),
            ("CWE-22",),
        ),
        Category.MALICIOUS_URL: TaxonomyEntry(
            "Malicious URL",
            "The text holds an address built to deceive, to run code or to reach inside.",
            Severity.HIGH,
            ("LLM05",),
            ("ASI02", "ASI09"),
            ("AML.T0077", "AML.T0067"),
            ("CWE-601", "CWE-918"),
        ),
        Category.UNSAFE_OUTPUT: TaxonomyEntry(
            "Unsafe output",
            "An answer of the model does harm when it is shown or used as it is.",
            Severity.MEDIUM,
            ("LLM05", "LLM09"),
            ("ASI05", "ASI09"),
            ("AML.T0067", "AML.T0077"),
            ("CWE-1426", "CWE-116"),
        ),
        Category.UNBOUNDED_CONSUMPTION: TaxonomyEntry(
            "Unbounded consumption",
            "The text makes the model work, loop or write without end.",
            Severity.MEDIUM,
            ("LLM10",),
            ("ASI08",),
            ("AML.T0029", "AML.T0034.002"),
            ("CWE-400", "CWE-770"),
        ),
        Category.ANOMALY: TaxonomyEntry(
            "Anomaly",
            "The text is built like nothing people write: floods, noise, optimised suffixes.",
            Severity.LOW,
            ("LLM01",),
            ("ASI01",),
            ("AML.T0068", "AML.T0065"),
        ),
        Category.CANARY_LEAK: TaxonomyEntry(
            "Canary leak",
            "An answer holds a marker that was planted where it should never leave from.",
            Severity.CRITICAL,
            ("LLM07", "LLM02"),
            ("ASI03",),
            ("AML.T0056", "AML.T0057"),
            ("CWE-200",),
        ),
    }
)
