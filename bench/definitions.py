"""Every measurement by name: what it shows, where it is taken, what it must reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aidefence.domain.enums import DeepMode
from bench import (
    accuracy,
    adversarial,
    answers,
    cascade,
    conversation,
    disguise,
    engine,
    footprint,
    hidden,
    journal,
    kernel,
    languages,
    payloads_web,
    pii,
    policy_compiling,
    proving,
    proxy,
    python_door,
    rest,
    rest_whole,
    rpc,
    secrets,
    stream,
    tools,
    topics,
    value_peers,
    vault,
)
from bench.payloads import EVERYDAY, HARD
from bench.record import Bar, Outcome


@dataclass(frozen=True, slots=True)
class Definition:
    """One measurement."""

    name: str
    what: str
    place: str
    cores: int
    bars: tuple[Bar, ...]
    measure: Callable[[], Outcome]


def _least(metric: str, limit: float, unit: str) -> Bar:
    return Bar(metric, limit, unit, at_least=True)


def _under(metric: str, limit: float, unit: str) -> Bar:
    return Bar(metric, limit, unit, at_least=False)


_KEPT_IN_DISGUISE = (
    _least("kept_single", 0.95, "kept"),
    _least("kept_single_min", 0.95, "kept"),
    _least("kept_pairs", 0.95, "kept"),
)
# The worst kind of text too: where one is nearly flagged anyway, any attack tips the scales.
_KEPT_IN_LONG_TEXTS = (
    _least("recall_of_bare", 0.9, "of the bare attack's"),
    _least("kept_least", 0.9, "kept in the worst kind of text"),
)

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "engine-100",
        "engine, 100-byte prompts, tiers 0 and 1",
        "engine call from Rust, one thread",
        1,
        (_least("per_second", 1.2e6, "/s"), _under("p99_ns", 5000, "ns")),
        partial(engine.measure, EVERYDAY, 100, 10_000),
    ),
    Definition(
        "engine-2000",
        "engine, 2,000-byte texts, tiers 0 and 1",
        "engine call from Rust, one thread",
        1,
        (_least("per_second", 1e5, "/s"),),
        partial(engine.measure, EVERYDAY, 2_000, 2_000),
    ),
    Definition(
        "engine-100-hard",
        "engine, 100-byte texts that wake many rules, tiers 0 and 1",
        "engine call from Rust, one thread",
        1,
        (),
        partial(engine.measure, HARD, 100, 10_000),
    ),
    Definition(
        "engine-2000-hard",
        "engine, 2,000-byte texts that wake many rules, tiers 0 and 1",
        "engine call from Rust, one thread",
        1,
        (),
        partial(engine.measure, HARD, 2_000, 2_000),
    ),
    Definition(
        "batch-100",
        "`guard.inspect_batch`, 100-byte prompts, columns out, tiers 0 and 1",
        "Python call, two threads",
        2,
        (_least("per_second", 2e6, "/s"),),
        partial(python_door.measure_batch, EVERYDAY, 100, 2),
    ),
    Definition(
        "batch-100-one-thread",
        "`guard.inspect_batch`, 100-byte prompts, columns out, tiers 0 and 1",
        "Python call, one thread",
        1,
        (),
        partial(python_door.measure_batch, EVERYDAY, 100, 1),
    ),
    Definition(
        "single-100",
        "`guard.inspect` one at a time, 100-byte prompts, tiers 0 and 1",
        "Python call, one thread",
        1,
        (_least("per_second", 2.5e5, "/s"),),
        partial(python_door.measure_single, EVERYDAY, 100),
    ),
    Definition(
        "single-2000",
        "`guard.inspect` one at a time, 2,000-byte texts, tiers 0 and 1",
        "Python call, one thread",
        1,
        (),
        partial(python_door.measure_single, EVERYDAY, 2_000),
    ),
    Definition(
        "batch-100-dense",
        "`guard.inspect_batch`, 100-byte prompts, columns out, tiers 0 to 2",
        "Python call, two threads",
        2,
        (),
        partial(python_door.measure_batch, EVERYDAY, 100, 2, DeepMode.REQUIRED),
    ),
    Definition(
        "single-100-dense",
        "`guard.inspect` one at a time, 100-byte prompts, tiers 0 to 2",
        "Python call, one thread",
        1,
        (),
        partial(python_door.measure_single, EVERYDAY, 100, DeepMode.REQUIRED),
    ),
    Definition(
        "single-2000-dense",
        "`guard.inspect` one at a time, 2,000-byte texts, tiers 0 to 2",
        "Python call, one thread",
        1,
        (),
        partial(python_door.measure_single, EVERYDAY, 2_000, DeepMode.REQUIRED),
    ),
    Definition(
        "rest-100",
        "`POST /api/v2/detect`, 100-byte prompts",
        "over loopback TCP, one worker on one core, wrk on another",
        2,
        (_least("per_second", 12_000, "/s"),),
        partial(rest.measure, 100),
    ),
    Definition(
        "rest-2000",
        "`POST /api/v2/detect`, 2,000-byte texts",
        "over loopback TCP, one worker on one core, wrk on another",
        2,
        (),
        partial(rest.measure, 2_000),
    ),
    Definition(
        "rest-whole",
        "`POST /api/v2/detect`, 100-byte prompts, tiers 0 to 2; keys, limits, journal, audit on",
        "over loopback TCP, two workers and wrk on two cores",
        2,
        (_least("per_second", 15_000, "/s"),),
        rest_whole.measure_detect,
    ),
    Definition(
        "rest-batch",
        "`POST /api/v2/detect/batch`, 1,000 texts of 100 bytes, tiers 0 and 1; all on",
        "over loopback TCP, two workers and wrk on two cores",
        2,
        (_least("per_second", 150_000, "texts/s"),),
        rest_whole.measure_batch,
    ),
    Definition(
        "rest-batch-dense",
        "the same, tiers 0 to 2",
        "over loopback TCP, two workers and wrk on two cores",
        2,
        (),
        partial(rest_whole.measure_batch, "auto"),
    ),
    Definition(
        "rest-lines",
        "the same as lines, tiers 0 and 1",
        "over loopback TCP, two workers and wrk on two cores",
        2,
        (),
        partial(rest_whole.measure_batch, lines=True),
    ),
    Definition(
        "adversarial",
        "texts made to be slow, 1 MB; 2 MB against 4 MB",
        "Python call of the engine, one thread",
        1,
        (
            _least("mb_per_second_min", 20, "MB/s"),
            _under("ratio_max", 1.25, "of the time a byte at half the size"),
        ),
        adversarial.measure,
    ),
    Definition(
        "import",
        "import time",
        "fresh Python processes, files in the page cache",
        1,
        (_under("import_ms", 150, "ms"),),
        footprint.measure_import,
    ),
    Definition(
        "memory",
        "resident memory of the serving process",
        "gateway with one worker",
        2,
        (_under("serving_mib", 120, "MiB"),),
        footprint.measure_memory,
    ),
    Definition(
        "wheel",
        "size of the wheel, rules and models inside, less the deep model",
        "built wheel",
        2,
        (_under("wheel_mb", 15, "MB"),),
        footprint.measure_wheel,
    ),
    Definition(
        "cascade",
        "`guard.inspect`, harmless 100-byte prompts, all tiers",
        "Python call, one thread",
        1,
        (_under("read_deep", 0.1, "of harmless prompts read by the deep model"),),
        partial(cascade.measure, 100),
    ),
    Definition(
        "accuracy-dev",
        "detection of attacks on the model, all tiers",
        "`aidefence eval`, development data",
        2,
        (_least("auc", 0.98, "AUC"), _least("recall_at_1_fpr", 0.90, "recall at 1 % FPR")),
        partial(accuracy.measure, "dev", "prompt"),
    ),
    Definition(
        "accuracy-dev-fast",
        "detection of attacks on the model, without the deep model",
        "`aidefence eval --no-deep`, development data",
        2,
        (_least("auc", 0.965, "AUC"), _least("recall_at_1_fpr", 0.80, "recall at 1 % FPR")),
        partial(accuracy.measure, "dev", "prompt", "--no-deep"),
    ),
    Definition(
        "disguise",
        "attacks in disguise, of those caught in plain text, tiers 0 and 1",
        "Python call, user's and document's texts",
        2,
        _KEPT_IN_DISGUISE,
        partial(disguise.measure, DeepMode.OFF, disguise.TIER1),
    ),
    Definition(
        "disguise-deep",
        "attacks in disguise, of those caught in plain text, all tiers",
        "Python call, user's and document's texts",
        2,
        _KEPT_IN_DISGUISE,
        partial(disguise.measure, DeepMode.REQUIRED, disguise.CASCADE),
    ),
    Definition(
        "vault",
        "values into a vault and back, streams cut anywhere",
        "Python call, two processes of four threads on one SQLite file",
        2,
        (
            _least("trips", 1e6, "round trips"),
            _under("lost", 1, "values lost"),
            _under("unlike", 1, "values with two tokens"),
            _under("leaked", 1, "values shown to another session"),
        ),
        partial(vault.measure, 1_000_000, 2, 4),
    ),
    Definition(
        "topics",
        "topics by example: half of their texts learned, the other half and other topics asked",
        "Python call, one thread",
        1,
        (_least("auc_with_counter", 0.75, "area under the curve"),),
        topics.measure,
    ),
    Definition(
        "conversation",
        "conversations: turn 10 and turn 10,000, attacks in pieces, tiers 0 to 2",
        "Python call, one thread",
        1,
        (_under("append_ratio", 1.5, "of the time of turn 10"),),
        conversation.measure,
    ),
    Definition(
        "pii",
        "private data: 180 characters with seven entities, and strings that hold none",
        "Python call, one thread, tiers 0 and 1",
        1,
        (_least("per_second", 5e4, "/s"), _under("noise_hits", 1, "hits")),
        pii.measure,
    ),
    Definition(
        "pii-peers",
        "private data, ours and peers' in one run",
        "Python call, one thread, each in an environment of its own",
        1,
        (),
        value_peers.measure_pii,
    ),
    Definition(
        "secrets-peers",
        "keys, ours and peers' in one run",
        "Python call, one thread, each in an environment of its own",
        1,
        (),
        value_peers.measure_secrets,
    ),
    Definition(
        "hidden",
        "a short attack in 20,000 harmless characters, tiers 0 and 1",
        "Python call, document's texts",
        2,
        _KEPT_IN_LONG_TEXTS,
        partial(hidden.measure, DeepMode.OFF, hidden.TIER1),
    ),
    Definition(
        "hidden-deep",
        "a short attack in 20,000 harmless characters, all tiers",
        "Python call, document's texts",
        2,
        _KEPT_IN_LONG_TEXTS,
        partial(hidden.measure, DeepMode.REQUIRED, hidden.CASCADE),
    ),
    Definition(
        "tools",
        "tool definitions, poisoned and harmless; what flows through a trace of 10,000 messages",
        "Python call, one thread, tiers 0 to 2",
        1,
        (
            _least("found", 0.95, "of the poisoned definitions"),
            _under("alarmed", 0.02, "of the harmless twins"),
            _under("late_to_early", 1.5, "of the cost of an early message"),
        ),
        partial(tools.measure, DeepMode.OFF),
    ),
    Definition(
        "tools-deep",
        "tool definitions, poisoned and harmless; what flows through a trace of 10,000 messages",
        "Python call, one thread, all tiers",
        1,
        (
            _least("found", 0.95, "of the poisoned definitions"),
            _under("alarmed", 0.02, "of the harmless twins"),
            _under("late_to_early", 1.5, "of the cost of an early message"),
        ),
        partial(tools.measure, DeepMode.REQUIRED),
    ),
    Definition(
        "answers",
        "answers: false alarms by source, leaks of prompts, support, refusals, cost of each check",
        "Python call, balanced profile, tiers 0 to 2",
        1,
        (
            _under("flagged_ordinary", 0.005, "of ordinary answers flagged"),
            _under("flagged_code", 0.005, "of answers with code flagged"),
            _least("leak_recall", 0.95, "of answers that tell a prompt"),
            _under("leak_false_alarms", 0.005, "of answers that tell none"),
        ),
        answers.measure,
    ),
    Definition(
        "languages",
        "attacks in many languages, each for itself",
        "Python call, balanced profile, all tiers that are installed",
        1,
        (
            _least("recall_least", languages.RECALL_MIN, "recall in the weakest language"),
            _under("fpr_most", languages.FPR_MAX, "false alarms in the language with most"),
        ),
        languages.measure,
    ),
    Definition(
        "secrets",
        "keys of every kind; 100 characters with and without one, tiers 0 and 1",
        "Python call, one thread",
        1,
        (
            _least("found", 1, "of the keys drawn, under their name and exactly where they stand"),
            _under("quiet_hits", 1, "hits on lines without a key"),
            _least("per_second_with", 200_000, "/s, a key in each text"),
            _least("per_second_without", 200_000, "/s, no key in any"),
        ),
        secrets.measure,
    ),
    Definition(
        "journal",
        "what is written down of a request before its answer leaves, and its way into the store",
        "Python call, one thread, local disk",
        1,
        (_under("record_us", 10, "us"), _under("fold_us", 30, "us")),
        journal.measure,
    ),
    Definition(
        "payloads",
        "payloads for databases, browsers, shells, file systems; harmless values and code",
        "Python call, tiers 0 and 1; 100-character values on one thread",
        1,
        (
            _least("recall_of_payloads_sql_injection", 0.97, "in the weakest source"),
            _least("recall_of_payloads_xss", 0.97, "in the weakest source"),
            _least("recall_of_payloads_command_injection", 0.95, "in the weakest source"),
            _least("recall_of_payloads_path_traversal", 0.95, "in the weakest source"),
            _under("fpr_most", 0.005, "of the harmless texts of any kind"),
        ),
        payloads_web.measure,
    ),
    Definition(
        "policy-compiling",
        "policies from text to closed form, to their layout and back",
        "Python call, one thread",
        1,
        (
            _under("compile_ms_200", 750, "ms"),
            _under("compile_ms_2000", 6000, "ms"),
            _least("right_200", 1, "of 1: nothing lost on the way"),
            _least("right_2000", 1, "of 1: nothing lost on the way"),
        ),
        policy_compiling.measure,
    ),
    Definition(
        "prove",
        "policies from text to signed certificate and back to nothing, claims of known truth",
        "Python call, one thread, no Lean; the theory judged before",
        1,
        (
            _under("certificate_ms_20", 1000, "ms"),
            _under("certificate_ms_200", 3000, "ms"),
            _under("certificate_ms_2000", 15_000, "ms"),
            _under("verify_ms_200", 200, "ms"),
            _least("true_proved", 0.999, "of the true claims"),
            _least("false_refuted", 0.99, "of the false claims"),
            _under("false_proved", 1, "false claims proved"),
            _under("counterexample_s_max", 2, "s"),
            _least("edited_answered", 0.99, "of the claims about edited policies"),
        ),
        proving.measure,
    ),
    Definition(
        "kernel",
        "the proof checker: the theory, certificates of 20, 200 and 2,000 rules",
        "Python call, one thread",
        1,
        (
            _under("check_ms_200", 150, "ms"),
            _under("check_ms_2000", 2000, "ms"),
            _least("accepted_2000", 1, "of 1: every claim proved and judged"),
            _under("forged_accepted_2000", 1, "forged certificates accepted"),
            _under("resident_mb", 50, "MB"),
        ),
        kernel.measure,
    ),
    Definition(
        "proxy",
        "the door in front of models: what it adds to a call and to the first word of a stream",
        "over loopback TCP, one client, a model server that answers at once, one worker",
        2,
        (
            _under("call_added_p50_us", 1000, "us"),
            _under("first_word_added_p50_us", 2000, "us"),
        ),
        proxy.measure,
    ),
    Definition(
        "rpc",
        "gRPC calls and streams, GraphQL mutations, 100-byte prompts",
        "over loopback TCP, one worker on one core, the load on another",
        2,
        (),
        rpc.measure,
    ),
    Definition(
        "stream",
        "`guard.stream`, answers in pieces of four characters, tiers 0 to 2",
        "Python call, one thread",
        1,
        (
            _under("hold_ns_per_character", 1000, "ns"),
            _under("tail_ns_per_character", 1000, "ns"),
            _under("ratio", 1.25, "of the time a character at 10 kB"),
        ),
        stream.measure,
    ),
)
