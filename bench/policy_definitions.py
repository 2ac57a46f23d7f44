"""The measurements of policies: compiling, deciding, proving, judging."""

from __future__ import annotations

from bench import (
    checker_differential,
    kernel,
    mending,
    phrases,
    policy_compiling,
    policy_runtime,
    proving,
    zero_knowledge,
)
from bench.definition import Definition, least, under

POLICIES: tuple[Definition, ...] = (
    Definition(
        "policy-compiling",
        "policies from text to closed form, to their layout and back",
        "Python call, one thread",
        1,
        (
            under("compile_ms_200", 750, "ms"),
            under("compile_ms_2000", 6000, "ms"),
            least("right_200", 1, "of 1: nothing lost on the way"),
            least("right_2000", 1, "of 1: nothing lost on the way"),
        ),
        policy_compiling.measure,
    ),
    Definition(
        "policy-runtime",
        "policies at work: rules, formulas and what is remembered; the same as a plain evaluator",
        "Python call, one thread",
        1,
        (
            under("us_rules_1000", 10, "us"),
            under("us_policies_100", 20, "us"),
            under("disagreements", 0.5, "of 100,000 policies with traces"),
        ),
        policy_runtime.measure,
    ),
    Definition(
        "phrases",
        "policies in plain words: what is read, asked about, refused, or silently read otherwise",
        "Python call, one thread",
        1,
        (
            least("phrasings", 300, "phrasings"),
            least("right", 0.9, "of the clear ones"),
            under("wrong_silently", 0.5, "read otherwise, clear or not"),
        ),
        phrases.measure,
    ),
    Definition(
        "prove",
        "policies from text to signed certificate and back to nothing, claims of known truth",
        "Python call, one thread, no Lean; the theory judged before",
        1,
        (
            under("certificate_ms_20", 1000, "ms"),
            under("certificate_ms_200", 3000, "ms"),
            under("certificate_ms_2000", 15_000, "ms"),
            under("verify_ms_200", 200, "ms"),
            least("true_proved", 0.999, "of the true claims"),
            least("false_refuted", 0.99, "of the false claims"),
            under("false_proved", 1, "false claims proved"),
            under("counterexample_s_max", 2, "s"),
            least("edited_answered", 0.99, "of the claims about edited policies"),
        ),
        proving.measure,
    ),
    Definition(
        "kernel",
        "the proof checker: the theory, certificates of 20, 200 and 2,000 rules",
        "Python call, one thread",
        1,
        (
            under("check_ms_200", 150, "ms"),
            under("check_ms_2000", 2000, "ms"),
            least("accepted_2000", 1, "of 1: every claim proved and judged"),
            under("forged_accepted_2000", 1, "forged certificates accepted"),
            under("resident_mb", 50, "MB above the bare interpreter, theory and 200 rules judged"),
            under("verify_added_mb", 50, "MB above it, the whole command that verifies"),
        ),
        kernel.measure,
    ),
    Definition(
        "checkers",
        "our proof checker beside Lean's kernel: theory, certificates, changed exports, attacks",
        "both given the same bytes; Lean started by Node",
        2,
        (
            least("certificates_both", 1000, "certificates accepted by both"),
            least("mutations_refused_by_ours", 10_000, "changed exports refused by ours"),
            under("accepted_by_ours_refused_by_lean", 1, "changed exports"),
            least("attacks_refused_by_both", 100, "attacks refused by both"),
            under("attack_tests_refused_by_lean_alone", 1, "exports of the checker's tests"),
        ),
        checker_differential.measure,
    ),
    Definition(
        "repair",
        "broken proofs of the theory, mended alone and with a scripted prover; false statements",
        "Python call, one Lean process",
        1,
        (
            least("proofs", 200, "broken proofs"),
            least("alone", 0.5, "mended without a model"),
            least("whole_proofs", 0.8, "mended with a prover that writes whole proofs"),
            least("tool_user", 0.8, "mended with a prover that uses tools"),
            least("false_statements", 40, "false statements"),
            under("false_mended", 1, "false statements mended"),
        ),
        mending.measure,
    ),
    Definition(
        "zk",
        "experimental proofs of decisions that show neither policy nor request",
        "`aidefence-zk`, a process for each question",
        2,
        tuple(
            least(f"right_{rules}", 1, "of 1: accepted, and refused with another decision")
            for rules in (1, 20, 200)
        ),
        zero_knowledge.measure,
    ),
)
