import os
import signal
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from aidefence import Action, Category, Decision, Degraded
from aidefence.adapters.prometheus import PrometheusMeter
from aidefence.domain.asking import Detection
from aidefence.domain.decision import Record, Settled
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.ports.meter import Series

FINDING = ("pi-1", 0, 0, 1, 0.9, 2, False, (), ())
RECORD: Record = (4, 0, 2, 0.97, 3.5, 0b11, (FINDING,), False)
DEEP: Record = (*RECORD[:5], 0b1011, *RECORD[6:])
MISSED = Degraded("tier3.encoder", "it does not answer")


def _answer(
    elapsed_ns: int = 20_000, deep_ns: int = 0, degraded: tuple[Degraded, ...] = ()
) -> Detection:
    record = DEEP if deep_ns else RECORD
    decision = Decision(record, Settled("v", True, (), ()), elapsed_ns, deep_ns=deep_ns)
    return Detection(decision, True, decision.action, decision.category, degraded, True)


def _samples(meter: PrometheusMeter) -> dict[tuple[str, ...], float]:
    _, document = meter.render()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(document.decode())
        for sample in family.samples
    }


def test_counts_by_door_action_and_category() -> None:
    meter = PrometheusMeter()
    for elapsed_ns in (9_000, 20_000, 2_000_000_000):
        meter.count("rest", _answer(elapsed_ns))
    meter.refuse("rest", 422)
    samples = _samples(meter)
    assert samples["aidefence_requests_total", "block", "rest"] == 3
    assert samples["aidefence_requests_total", "allow", "rest"] == 0
    assert samples["aidefence_findings_total", "prompt_injection"] == 3
    assert samples["aidefence_refusals_total", "rest", "422"] == 1
    assert samples["aidefence_inspect_seconds_bucket", "rest", "1e-05"] == 1
    assert samples["aidefence_inspect_seconds_bucket", "rest", "2.5e-05"] == 2
    assert samples["aidefence_inspect_seconds_bucket", "rest", "1"] == 2
    assert samples["aidefence_inspect_seconds_bucket", "rest", "+Inf"] == 3
    assert samples["aidefence_inspect_seconds_count", "rest"] == 3


def test_the_action_counted_is_the_one_the_client_got() -> None:
    meter = PrometheusMeter()
    answer = _answer()
    suspended = Detection(answer.decision, True, Action.ALLOW, answer.category, (), False)
    meter.count("rest", suspended)
    assert _samples(meter)["aidefence_requests_total", "allow", "rest"] == 1


def test_findings_are_counted_under_every_number_of_the_owasp_lists() -> None:
    meter = PrometheusMeter()
    meter.count("rest", _answer())
    samples = _samples(meter)
    entry = TAXONOMY[Category.PROMPT_INJECTION]
    counted = {key[1] for key, value in samples.items() if "owasp" in key[0] and value}
    assert counted == {*entry.owasp_llm, *entry.owasp_agentic}


def test_stages_and_tiers_add_up() -> None:
    meter = PrometheusMeter()
    meter.count("rest", _answer(20_000))
    meter.count("grpc", _answer(5_020_000, 5_000_000))
    samples = _samples(meter)
    assert samples["aidefence_tier_seconds_count", "1"] == 1
    assert samples["aidefence_tier_seconds_count", "3"] == 1
    assert samples["aidefence_stage_seconds_count", "engine"] == 2
    assert samples["aidefence_stage_seconds_count", "tier3"] == 1
    assert abs(samples["aidefence_stage_seconds_sum", "engine"] - 40e-6) < 1e-12
    assert abs(samples["aidefence_stage_seconds_sum", "tier3"] - 5e-3) < 1e-12
    assert samples["aidefence_inspect_seconds_count", "grpc"] == 1


def test_checks_that_did_not_run_are_counted_and_their_names_have_an_end() -> None:
    meter = PrometheusMeter()
    meter.count("rest", _answer(degraded=(MISSED, MISSED)))
    for number in range(200):
        meter.count("rest", _answer(degraded=(Degraded(f"c{number}", "no"),)))
    meter.count("rest", _answer(degraded=(Degraded("with blanks", "no"),)))
    counted = {
        key[1]: value
        for key, value in _samples(meter).items()
        if key[0] == "aidefence_degraded_total"
    }
    assert counted["tier3.encoder"] == 1
    assert len(counted) == 65
    assert sum(counted.values()) == 202


def test_series_of_others_are_told_and_a_broken_one_hides_nothing() -> None:
    def broken() -> list[tuple[tuple[str, ...], float]]:
        raise OSError("the store is gone")

    meter = PrometheusMeter()
    meter.watch(Series("queue_length", "Waiting.", ("queue",), lambda: [(("review",), 7.0)]))
    meter.watch(Series("feedback", "Told.", ("outcome",), lambda: [(("TP",), 2.0)], rises=True))
    meter.watch(Series("broken", "Never.", (), broken))
    samples = _samples(meter)
    assert samples["aidefence_queue_length", "review"] == 7
    assert samples["aidefence_feedback_total", "TP"] == 2
    assert samples["aidefence_series_failed", "broken"] == 1
    assert ("aidefence_requests_total", "allow", "rest") in samples


def test_two_meters_do_not_share_counts() -> None:
    first, second = PrometheusMeter(), PrometheusMeter()
    first.refuse("rest", 400)
    assert ("aidefence_refusals_total", "rest", "400") not in _samples(second)


_WORKER = """
import sys, time
from pathlib import Path
from aidefence.adapters.prometheus import PrometheusMeter
meter = PrometheusMeter(folder=Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    meter.refuse("rest", 429)
print("done", flush=True)
time.sleep(60)
"""


def _refused(meter: PrometheusMeter) -> float:
    return _samples(meter).get(("aidefence_refusals_total", "rest", "429"), 0)


def test_workers_count_together_also_those_that_were_killed(tmp_path: Path) -> None:
    meter = PrometheusMeter(folder=tmp_path)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(tmp_path), str(count)], stdout=subprocess.PIPE
        )
        for count in (1000, 234)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"done\n"
        assert _refused(meter) == 1234
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
    assert _refused(meter) == 1234
    # The next one to begin clears up after them, and nothing is lost or counted twice.
    meter.refuse("rest", 429)
    assert len(list(tmp_path.glob("*.counts"))) == 1
    later = [PrometheusMeter(folder=tmp_path) for _ in range(3)]
    for one in later:
        one.refuse("rest", 429)
    assert {_refused(one) for one in (meter, *later)} == {1238}


def test_a_fold_that_was_cut_off_counts_nothing_twice(tmp_path: Path) -> None:
    first = PrometheusMeter(folder=tmp_path)
    first.refuse("rest", 429)
    mine = next(tmp_path.glob("*.counts"))
    left_over = mine.read_bytes()
    first._counts.leave_to_parent()
    PrometheusMeter(folder=tmp_path).refuse("rest", 429)
    assert not mine.exists()
    # As if the machine had gone down between writing the sum and deleting its parts.
    mine.write_bytes(left_over)
    assert _refused(PrometheusMeter(folder=tmp_path)) == 2


def test_a_copy_of_a_process_counts_on_its_own(tmp_path: Path) -> None:
    meter = PrometheusMeter(folder=tmp_path)
    meter.refuse("rest", 429)
    child = os.fork()
    if child == 0:
        meter.refuse("rest", 429)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    meter.refuse("rest", 429)
    assert len(list(tmp_path.glob("*.counts"))) == 2
    assert _refused(meter) == 3


def test_foreign_and_torn_files_are_no_counts(tmp_path: Path) -> None:
    (tmp_path / "x.counts").write_bytes(b"not ours")
    (tmp_path / "ended.json").write_text("{")
    meter = PrometheusMeter(folder=tmp_path)
    assert _refused(meter) == 0
    meter.refuse("rest", 429)
    assert _refused(meter) == 1
