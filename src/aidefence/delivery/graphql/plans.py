"""Operations read, checked and bounded, so that what is carried out cannot surprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from aidefence.delivery.graphql.bounds import Bounds, check_cost, check_shape
from aidefence.delivery.graphql.errors import unfit
from aidefence.delivery.http.problems import Refusal

_CACHED_LEN_MAX = 8 << 10
_CACHED_MAX = 256
_ERRORS_MAX = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """One operation that may be carried out."""

    document: DocumentNode
    operation: OperationDefinitionNode
    varies: bool
    """Whether what it costs depends on variables."""

    @property
    def kind(self) -> OperationType:
        """Whether it asks, changes or follows something."""
        return self.operation.operation

    @property
    def name(self) -> str | None:
        """What its document calls it."""
        return self.operation.name.value if self.operation.name else None


class Planner:
    """Reads operations. Safe to share between threads; remembers short documents."""

    def __init__(self, schema: GraphQLSchema, bounds: Bounds) -> None:
        self._schema = schema
        self._bounds = bounds
        self._remembered = lru_cache(maxsize=_CACHED_MAX)(self._read)

    def plan(self, query: str, name: str | None, variables: Mapping[str, object]) -> Plan:
        """Make a plan.

        Raises:
            Refusal: the operation is not valid, or asks for too much.

        """
        read = self._remembered if len(query) <= _CACHED_LEN_MAX else self._read
        plan = read(query, name)
        if plan.varies:
            check_cost(self._schema, plan.document, plan.operation, variables, self._bounds)
        return plan

    def _read(self, query: str, name: str | None) -> Plan:
        try:
            document = parse(query, max_tokens=self._bounds.tokens_max)
            operation = _chosen(document, name)
            # Before validation, which may take long with what unfolds.
            check_shape(document, operation, self._bounds)
            for other in _operations(document):
                check_shape(document, other, self._bounds)
            errors = validate(self._schema, document, max_errors=_ERRORS_MAX)
            if errors:
                raise unfit("; ".join(_told(it) for it in errors[:_ERRORS_MAX]))
            varies = check_cost(self._schema, document, operation, {}, self._bounds)
        except GraphQLError as error:
            raise unfit(_told(error)) from None
        except RecursionError:
            raise _too_deep() from None
        return Plan(document, operation, varies)


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [it for it in document.definitions if isinstance(it, OperationDefinitionNode)]


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = _operations(document)
    if name is not None:
        operations = [it for it in operations if it.name and it.name.value == name]
    if not operations:
        raise unfit("there is no such operation in the document")
    if len(operations) > 1:
        raise unfit("the document has several operations: say which by `operationName`")
    return operations[0]


def _too_deep() -> Refusal:
    return unfit("the document is nested too deeply")


def _told(error: GraphQLError) -> str:
    where = "".join(f" (line {it.line}, column {it.column})" for it in (error.locations or ())[:1])
    return f"{error.message[:200]}{where}"
