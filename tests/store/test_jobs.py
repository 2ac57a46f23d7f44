"""Jobs: taken in, done by whoever is free, once, and told to whom it may concern."""

from __future__ import annotations

import hmac
import http.server
import json
import os
import signal
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from tests.servers import wait_until
from tests.store.conftest import MakeStore, TurnedClock

from aidefence.app.parts.store import Store, open_store
from aidefence.app.settings import Settings
from aidefence.app.settings.store import StoreSettings
from aidefence.domain.access import GRANTS, LOCAL, Caller, Role
from aidefence.domain.job import Job, JobKind, JobState, Task
from aidefence.domain.refusals import (
    ConflictError,
    DisabledError,
    ForbiddenError,
    NotFoundError,
    OverloadedError,
)

_SERVICE = Caller("key-1", Role.SERVICE, GRANTS[Role.SERVICE], tenant="t1")
_OTHER_SERVICE = Caller("key-2", Role.SERVICE, GRANTS[Role.SERVICE], tenant="t1")
_SECRET = "a secret of the receiver"
_DETECT, _BATCH = JobKind.DETECT, JobKind.DETECT_BATCH


def _echo(task: Task) -> bytes:
    return json.dumps({"got": task.payload.decode(), "for": task.caller.id}).encode()


def test_a_job_goes_its_way(store: Store, clock: TurnedClock) -> None:
    job = store.jobs.submit(_DETECT, b"hello", _SERVICE)
    assert (job.state, store.jobs.waiting()) == (JobState.QUEUED, 1)
    assert store.jobs.find(job.id, _SERVICE) == job
    seen: list[Task] = []

    def handle(task: Task) -> bytes:
        seen.append(task)
        assert store.jobs.find(job.id, _SERVICE).state is JobState.RUNNING
        return _echo(task)

    assert store.jobs.run_next({_DETECT: handle})
    assert not store.jobs.run_next({_DETECT: handle})
    assert seen == [Task(job.id, _DETECT, _SERVICE, b"hello")]
    done = store.jobs.find(job.id, _SERVICE)
    assert (done.state, done.attempts, done.settled_ms) == (JobState.DONE, 1, clock.ms)
    assert done.result == b'{"got": "hello", "for": "key-1"}'
    assert store.jobs.waiting() == 0


def test_whose_it_is_not_does_not_see_it(store: Store) -> None:
    job = store.jobs.submit(_DETECT, b"hello", _SERVICE)
    for caller in (_OTHER_SERVICE, LOCAL):
        with pytest.raises(NotFoundError):
            store.jobs.find(job.id, caller)


def test_what_lies_in_the_store_is_sealed(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    job = store.jobs.submit(_DETECT, b"a very private payload", LOCAL)
    store.jobs.run_next({_DETECT: lambda _: b'"a very private result"'})
    assert store.jobs.find(job.id, LOCAL).result == b'"a very private result"'
    for path in tmp_path.glob("aidefence.db*"):
        assert b"very private" not in path.read_bytes()


def test_who_dies_over_a_job_is_replaced(store: Store, clock: TurnedClock) -> None:
    job = store.jobs.submit(_DETECT, b"hello", LOCAL)

    class Killed(BaseException):
        pass

    def die(_: Task) -> bytes:
        raise Killed

    for attempt in range(1, 4):
        with pytest.raises(Killed):
            store.jobs.run_next({_DETECT: die})
        assert store.jobs.find(job.id, LOCAL).attempts == attempt
        # Its lease holds others off, until it ends.
        assert not store.jobs.run_next({_DETECT: _echo})
        clock.pass_seconds(31)
    # What has killed three is not given to a fourth.
    assert store.jobs.run_next({_DETECT: _echo})
    failed = store.jobs.find(job.id, LOCAL)
    assert failed.state is JobState.FAILED
    assert failed.problem is not None
    assert "never ended" in failed.problem


def test_what_fails_is_tried_again_and_a_refusal_is_not(store: Store, clock: TurnedClock) -> None:
    told: list[int] = []

    def fail_first(task: Task) -> bytes:
        told.append(1)
        if len(told) == 1:
            raise RuntimeError("what was foreseen by nobody")
        return _echo(task)

    def refuse(_: Task) -> bytes:
        raise ConflictError("a limit was lowered")

    job = store.jobs.submit(_DETECT, b"hello", LOCAL)
    refused = store.jobs.submit(_BATCH, b"hello", LOCAL)
    handlers = {_DETECT: fail_first, _BATCH: refuse}
    assert store.jobs.run_next(handlers)
    assert store.jobs.run_next(handlers)
    assert not store.jobs.run_next(handlers)
    assert store.jobs.find(refused.id, LOCAL).problem == "a limit was lowered"
    clock.pass_seconds(3)
    assert store.jobs.run_next(handlers)
    assert store.jobs.find(job.id, LOCAL).state is JobState.DONE


def test_who_lost_the_lease_changes_nothing(store: Store, clock: TurnedClock) -> None:
    job = store.jobs.submit(_DETECT, b"hello", LOCAL)

    def sleep_long(_: Task) -> bytes:
        clock.pass_seconds(60)
        assert store.jobs.run_next({_DETECT: lambda _: b'"the other one"'})
        return b'"too late"'

    assert store.jobs.run_next({_DETECT: sleep_long})
    assert store.jobs.find(job.id, LOCAL).result == b'"the other one"'


def test_many_workers_do_each_job_once(store: Store) -> None:
    jobs = [store.jobs.submit(_DETECT, str(at).encode(), LOCAL) for at in range(30)]
    done: list[str] = []

    def handle(task: Task) -> bytes:
        done.append(task.id)
        return b"1"

    def work() -> None:
        misses = 0
        while misses < 3:
            misses = 0 if store.jobs.run_next({_DETECT: handle}) else misses + 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(it.id for it in jobs)


def test_results_are_forgotten(store: Store, clock: TurnedClock) -> None:
    job = store.jobs.submit(_DETECT, b"hello", LOCAL)
    store.jobs.run_next({_DETECT: _echo})
    clock.pass_seconds(24 * 3600 - 1)
    assert store.jobs.purge() == 0
    clock.pass_seconds(1)
    assert store.jobs.purge() == 1
    with pytest.raises(NotFoundError):
        store.jobs.find(job.id, LOCAL)


def test_too_much_is_refused(make_store: MakeStore) -> None:
    store = make_store(jobs_waiting_max=2)
    for _ in range(2):
        store.jobs.submit(_DETECT, b"", LOCAL)
    with pytest.raises(OverloadedError):
        store.jobs.submit(_DETECT, b"", LOCAL)
    store.jobs.submit(_DETECT, b"", _SERVICE)


def _sleep(_: Task) -> bytes:
    time.sleep(600)
    return b""


@dataclass
class Receiver:
    """A webhook of somebody."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(made.answers.pop(0) if made.answers else 204)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def telling(make_store: MakeStore, url: str | None, receiver: Receiver) -> Store:
    hosts = (f"127.0.0.1:{receiver.port}",)
    return make_store(url, webhook_hosts=hosts, webhook_secret=_SECRET)


def _finish(store: Store, receiver: Receiver) -> Job:
    job = store.jobs.submit(_DETECT, b"hello", LOCAL, receiver.url)
    assert not store.jobs.deliver_next()
    store.jobs.run_next({_DETECT: _echo})
    return job


def test_a_webhook_is_told_and_can_tell_that_it_is_us(
    telling: Store, receiver: Receiver, clock: TurnedClock
) -> None:
    job = _finish(telling, receiver)
    assert telling.jobs.deliver_next()
    assert not telling.jobs.deliver_next()
    [(headers, body)] = receiver.got
    told = json.loads(body)
    assert told["type"] == "job.done"
    assert told["jobId"] == job.id
    assert told["data"] == {"got": "hello", "for": "local"}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = b64encode(hmac.digest(_SECRET.encode(), signed, sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(clock.ms // 1000)
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert telling.jobs.find(job.id, LOCAL).told_ms == clock.ms


def test_a_webhook_that_does_not_answer_is_told_later(
    telling: Store, receiver: Receiver, clock: TurnedClock
) -> None:
    # A redirection leads out of the list of hosts: it is not followed.
    receiver.answers = [500, 302]
    job = _finish(telling, receiver)
    for seconds in (5, 30):
        assert telling.jobs.deliver_next()
        assert not telling.jobs.deliver_next()
        clock.pass_seconds(seconds)
    assert telling.jobs.deliver_next()
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [job.id] * 3
    assert telling.jobs.find(job.id, LOCAL).told_ms > 0


def test_a_webhook_that_never_answers_is_given_up(
    telling: Store, receiver: Receiver, clock: TurnedClock
) -> None:
    receiver.answers = [500] * 20
    job = _finish(telling, receiver)
    while telling.jobs.deliver_next():
        clock.pass_seconds(3600)
    assert len(receiver.got) == 6
    assert telling.jobs.find(job.id, LOCAL).told_ms == 0
    clock.pass_seconds(24 * 3600)
    assert telling.jobs.purge() == 1


def test_a_failure_is_told_too(telling: Store, receiver: Receiver) -> None:
    telling.jobs.submit(_DETECT, b"hello", LOCAL, receiver.url)

    def refuse(_: Task) -> bytes:
        raise ConflictError("no more")

    telling.jobs.run_next({_DETECT: refuse})
    telling.jobs.deliver_next()
    told = json.loads(receiver.got[0][1])
    assert (told["type"], told["problem"]) == ("job.failed", "no more")


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://hooks.example.com/", "file:///etc/passwd", "//hooks.example.com", "hooks"),
        *("http://evil.example/", "http://hooks.example.com.evil.example/", "http://[::1]/"),
        *("http://hooks.example.com:22/", "http://hooks.example.com:x/", "http://"),
        *("http://me:pw@hooks.example.com/", "http://hooks.example.com@evil.example/"),
        *("http://hooks.example.com\\@evil.example/", "http://hooks.example.com%00/"),
        *("http://hooks.exämple.com/", "http://127.0.0.1/", "http://2130706433/", "http://0/"),
        *("http://hooks.example.com\n/", "https://" + "a" * 3000),
    ],
)
def test_nobody_is_sent_where_the_operator_does_not_allow(make_store: MakeStore, url: str) -> None:
    store = make_store(webhook_hosts=("hooks.example.com",), webhook_secret=_SECRET)
    with pytest.raises(ForbiddenError, match="not allowed"):
        store.jobs.submit(_DETECT, b"", LOCAL, url)
    for good in ("https://hooks.example.com/a", "http://HOOKS.example.com:80/b"):
        assert store.jobs.submit(_DETECT, b"", LOCAL, good).webhook == good


def test_a_name_that_leads_inside_is_not_followed(make_store: MakeStore) -> None:
    # The operator allows the name; where it leads is up to whoever owns it.
    store = make_store(webhook_hosts=("localhost:9",), webhook_secret=_SECRET)
    job = store.jobs.submit(_DETECT, b"", LOCAL, "http://localhost:9/")
    store.jobs.run_next({_DETECT: _echo})
    assert store.jobs.deliver_next()
    assert store.jobs.find(job.id, LOCAL).told_ms == 0


@pytest.mark.parametrize(
    "chosen", [{"webhook_hosts": ("hooks.example.com",)}, {"webhook_secret": _SECRET}, {}]
)
def test_without_hosts_or_secret_there_are_no_webhooks(
    make_store: MakeStore, chosen: dict[str, object]
) -> None:
    with pytest.raises(DisabledError):
        make_store(**chosen).jobs.submit(_DETECT, b"", LOCAL, "https://hooks.example.com/")


def test_a_job_survives_the_kill_of_who_does_it(
    make_store: MakeStore, clock: TurnedClock, tmp_path: Path
) -> None:
    store = make_store()
    job = store.jobs.submit(_DETECT, b"hello", LOCAL)
    child = os.fork()
    if child == 0:
        inside = open_store(Settings(state_dir=tmp_path), lambda given: given, clock)
        inside.jobs.run_next({_DETECT: _sleep})
        os._exit(1)

    def is_running() -> bool:
        return store.jobs.find(job.id, LOCAL).state is JobState.RUNNING

    wait_until(is_running, "nobody took the job")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    clock.pass_seconds(31)
    assert store.jobs.run_next({_DETECT: _echo})
    assert store.jobs.find(job.id, LOCAL).state is JobState.DONE


def test_a_webhook_secret_is_no_joke() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        StoreSettings(webhook_secret="short")  # type: ignore[arg-type]
