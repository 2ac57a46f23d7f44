"""A client for the gRPC door, as one that was generated would be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import grpc

from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.server import GrpcServer

DETECTION = "/aidefence.v2.Detection/"


class Client:
    """One connection."""

    def __init__(self, server: GrpcServer, channel: grpc.aio.Channel) -> None:
        self.server = server
        self.channel = channel
        self.detect = self.unary(f"{DETECTION}Detect", pb.DetectRequest, pb.DetectResponse)
        self.batch = self.unary(
            f"{DETECTION}DetectBatch", pb.DetectBatchRequest, pb.DetectBatchResponse
        )
        self.stream = self.streaming(
            f"{DETECTION}DetectStream", pb.StreamRequest, pb.StreamResponse
        )

    def unary(self, path: str, request: Any, response: Any) -> Any:
        return self.channel.unary_unary(
            path,
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )

    def streaming(self, path: str, request: Any, response: Any) -> Any:
        return self.channel.stream_stream(
            path,
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )


Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[Client]]
