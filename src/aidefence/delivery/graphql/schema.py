"""The schema, and operations carried out over it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult

from aidefence.delivery.graphql.asker import Asker
from aidefence.delivery.graphql.errors import tell_error
from aidefence.delivery.graphql.mutations import Mutation
from aidefence.delivery.graphql.plans import Plan
from aidefence.delivery.graphql.queries import Query
from aidefence.delivery.graphql.scalars import SCALARS
from aidefence.delivery.graphql.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Operation:
    """A plan with what it is carried out with."""

    plan: Plan
    variables: Mapping[str, Any]
    asker: Asker


class _Planned(SchemaExtension):
    """Takes over what was read and checked before."""

    def on_parse(self) -> Iterator[None]:
        """Nothing is read twice."""
        self.execution_context.graphql_document = self.execution_context.context.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Nothing is checked twice."""
        self.execution_context.pre_execution_errors = []
        yield


class _Schema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here: messages may quote what was sent. `tell_error` logs our faults."""


SCHEMA = _Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    extensions=[_Planned],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)


def core_schema() -> GraphQLSchema:
    """Give the schema as operations are checked against it."""
    schema: GraphQLSchema = SCHEMA._schema  # noqa: SLF001 -- it has no public name
    return schema


def render() -> str:
    """Write the schema for people and for clients."""
    return SCHEMA.as_str() + "\n"


async def carry_out(operation: Operation) -> dict[str, Any]:
    """Answer a query or a mutation."""
    plan, asker = operation.plan, operation.asker
    asker.document = plan.document
    result = await SCHEMA.execute(
        "{ planned }",
        variable_values=dict(operation.variables),
        context_value=asker,
        operation_name=plan.name,
    )
    return _told(result)


async def follow(operation: Operation) -> AsyncGenerator[dict[str, Any], None]:
    """Answer a subscription for as long as it lasts."""
    plan, asker = operation.plan, operation.asker
    asker.document = plan.document
    results: Any = await SCHEMA.subscribe(
        "{ planned }",
        variable_values=dict(operation.variables),
        context_value=asker,
        operation_name=plan.name,
    )
    try:
        async for result in results:
            yield _told(result)
    finally:
        await results.aclose()


def _told(result: ExecutionResult) -> dict[str, Any]:
    told: dict[str, Any] = {"data": result.data}
    if result.errors:
        told["errors"] = [tell_error(it) for it in result.errors]
    return told
