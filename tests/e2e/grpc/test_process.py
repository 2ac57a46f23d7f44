"""gRPC beside HTTP in a gateway of two workers, and alone: as processes, started and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.grpc_door import DETECTION
from tests.served import ATTACK, free_port, serving, wait_until

from aidefence.delivery.grpc.generated import aidefence_pb2 as pb

_REQUEST = pb.DetectRequest(text=ATTACK)


def _detect(port: int) -> pb.DetectResponse:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(
            f"{DETECTION}Detect",
            request_serializer=pb.DetectRequest.SerializeToString,
            response_deserializer=pb.DetectResponse.FromString,
        )
        answer: pb.DetectResponse = call(_REQUEST, timeout=30)
        return answer


def _wait_serving(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            try:
                told = health_pb2_grpc.HealthStub(channel).Check(
                    health_pb2.HealthCheckRequest(), timeout=1
                )
            except grpc.RpcError:
                time.sleep(0.05)
                continue
            assert told.status == health_pb2.HealthCheckResponse.SERVING
            return
    raise AssertionError("gRPC did not become ready")


def test_beside_http_in_two_workers(tmp_path: Path) -> None:
    port = free_port()
    config = f'deep = "off"\n[grpc]\nenabled = true\nport = {port}\n'
    with serving(tmp_path, config, workers=2) as gateway:
        told = _detect(port)
        plain = gateway.detect()
        assert told.threat.category == plain["threat"]["category"]
        assert told.metadata.policy_version == plain["metadata"]["policyVersion"]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: _detect(port), range(32)))
        assert all(it.threat == told.threat for it in answers)


@contextmanager
def _alone(folder: Path, *flags: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "aidefence.delivery.cli", "grpc", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--set", "deep=off", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "AIDEFENCE_STATE_DIR": str(folder)},
    )
    try:
        yield port, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_alone(tmp_path: Path) -> None:
    with _alone(tmp_path) as (port, process):
        _wait_serving(port)
        assert _detect(port).action == pb.ACTION_BLOCK
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stream = channel.stream_stream(
                f"{DETECTION}DetectStream",
                request_serializer=pb.StreamRequest.SerializeToString,
                response_deserializer=pb.StreamResponse.FromString,
            )

            def slowly() -> Iterator[pb.StreamRequest]:
                yield pb.StreamRequest(requests=[_REQUEST])
                process.send_signal(signal.SIGTERM)
                time.sleep(0.5)
                yield pb.StreamRequest(requests=[_REQUEST])

            # What was begun is finished, though the end was asked for meanwhile.
            assert [len(it.outcomes) for it in stream(slowly(), timeout=30)] == [1, 1]
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert b"Traceback" not in process.stdout.read()


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with _alone(tmp_path) as (port, _):
        _wait_serving(port)
        again = subprocess.run(
            [sys.executable, "-m", "aidefence.delivery.cli", "grpc", "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "AIDEFENCE_STATE_DIR": str(tmp_path / "other")},
        )
        assert again.returncode != 0
        assert "taken" in again.stderr


@pytest.mark.parametrize("extra", ["grpc", "graphql"])
def test_a_missing_extra_is_named(tmp_path: Path, extra: str) -> None:
    blocked = {"grpc": ("grpc",), "graphql": ("strawberry",)}[extra]
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked!r}));"
        "from aidefence.app.gateway import make_app; from aidefence.app.settings import Settings;"
        f"make_app(Settings.model_validate({{'state_dir': {str(tmp_path)!r}, 'deep': 'off',"
        f" {extra!r}: {{'enabled': True}}}}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert f"aidefence[{extra}]" in ran.stderr


def test_each_call_gets_a_line_that_says_who_and_how_long(tmp_path: Path) -> None:
    port = free_port()
    config = f'[log]\nformat = "json"\naccess = true\n[grpc]\nenabled = true\nport = {port}\n'
    with serving(tmp_path, config) as gateway:
        told = _detect(port)
        wait_until(lambda: told.request_id in gateway.told(), "the line of the call")
        [line] = [json.loads(it) for it in gateway.told().splitlines() if told.request_id in it]
        assert (line["method"], line["status"], line["door"]) == ("GRPC", 200, "grpc")
        assert line["path"].endswith("/Detect")
        assert line["caller"] == "local"
        assert line["microseconds"] > 0
        assert ATTACK not in gateway.told()
