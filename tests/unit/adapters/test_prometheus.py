from prometheus_client.parser import text_string_to_metric_families

from aidefence import Decision
from aidefence.adapters.prometheus import PrometheusMeter
from aidefence.domain.decision import Record, Settled

FINDING = ("pi-1", 0, 0, 1, 0.9, 2, False, (), ())
RECORD: Record = (4, 0, 2, 0.97, 3.5, 0b11, (FINDING,), False)


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
        meter.count("rest", Decision(RECORD, Settled("v", True, (), ()), elapsed_ns))
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


def test_two_meters_do_not_share_counts() -> None:
    first, second = PrometheusMeter(), PrometheusMeter()
    first.refuse("rest", 400)
    assert ("aidefence_refusals_total", "rest", "400") not in _samples(second)
