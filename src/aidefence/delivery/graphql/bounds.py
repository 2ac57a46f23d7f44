"""How much one operation may ask for, known before anything of it is carried out.

Fragments are counted once and remembered, so that a short document which unfolds without end costs
no more to refuse than to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)
from graphql.type import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
)

from aidefence.delivery.graphql.errors import unfit

_LIST_ASSUMED = 10
# What says how long a list will be, where something does.
_SIZES = ("limit", "requests")
_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one operation may come to."""

    tokens_max: int = 2000
    depth_max: int = 15
    fields_max: int = 400
    """Fields with all fragments unfolded."""
    aliases_max: int = 30
    cost_max: int = 50_000
    """Objects in the answer, with lists as long as they are asked for."""


@dataclass(frozen=True, slots=True)
class _Shape:
    depth: int
    fields: int
    aliases: int


def check_shape(document: DocumentNode, operation: OperationDefinitionNode, bounds: Bounds) -> None:
    """Refuse an operation that is too deep or too wide, whatever its fields mean.

    Raises:
        Refusal: it is.

    """
    shape = _Unfolding(_fragments(document)).of(operation.selection_set)
    if shape.depth > bounds.depth_max:
        raise unfit(
            f"the operation is {shape.depth} levels deep: at most {bounds.depth_max} may be"
        )
    if shape.fields > bounds.fields_max:
        raise unfit(f"the operation has more than {bounds.fields_max} fields")
    if shape.aliases > bounds.aliases_max:
        raise unfit(f"the operation has more than {bounds.aliases_max} aliases")


def check_cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, object],
    bounds: Bounds,
) -> bool:
    """Refuse a valid operation that asks for too much; says whether variables had a say in it.

    Raises:
        Refusal: it does.

    """
    root = schema.get_root_type(operation.operation)
    known = {**_defaults(operation), **variables}
    counting = _Counting(schema, _fragments(document), known)
    cost = counting.of(operation.selection_set, root)
    if cost > bounds.cost_max:
        raise unfit(
            f"the answer would have {cost} objects or more: at most {bounds.cost_max} may be asked "
            "for at once, so ask for shorter lists"
        )
    return counting.varies


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        it.name.value: it for it in document.definitions if isinstance(it, FragmentDefinitionNode)
    }


class _Unfolding:
    """Counts what a selection comes to when all its fragments are unfolded."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, _Shape | None] = {}

    def of(self, selected: SelectionSetNode | None) -> _Shape:
        depth = fields = aliases = 0
        for it in selected.selections if selected else ():
            inner = self._inner(it)
            own = int(isinstance(it, FieldNode))
            depth = max(depth, inner.depth + own)
            fields = min(_FAR, fields + inner.fields + own)
            named = isinstance(it, FieldNode) and it.alias is not None
            aliases = min(_FAR, aliases + inner.aliases + int(named))
        return _Shape(depth, fields, aliases)

    def _inner(self, it: object) -> _Shape:
        if isinstance(it, FieldNode | InlineFragmentNode):
            return self.of(it.selection_set)
        if not isinstance(it, FragmentSpreadNode):
            return _Shape(0, 0, 0)
        name = it.name.value
        if name in self._known:
            known = self._known[name]
            if known is None:
                raise unfit(f"fragment `{name[:80]}` contains itself")
            return known
        fragment = self._fragments.get(name)
        if fragment is None:
            raise unfit(f"there is no fragment `{name[:80]}`")
        self._known[name] = None
        shape = self._known[name] = self.of(fragment.selection_set)
        return shape


class _Counting:
    """Counts the objects of an answer: one for each, and lists by their length."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, object],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._known: dict[str, int] = {}
        self.varies = False
        """Whether a length was read out of a variable."""

    def of(self, selected: SelectionSetNode | None, kind: object) -> int:
        cost = 0
        for it in selected.selections if selected else ():
            if isinstance(it, FieldNode):
                cost += self._field(it, kind)
            elif isinstance(it, InlineFragmentNode):
                inner = (
                    self._schema.get_type(it.type_condition.name.value)
                    if (it.type_condition)
                    else kind
                )
                cost += self.of(it.selection_set, inner)
            elif isinstance(it, FragmentSpreadNode):
                cost += self._spread(it.name.value)
        return min(cost, _FAR)

    def _spread(self, name: str) -> int:
        if name not in self._known:
            fragment = self._fragments[name]
            kind = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name] = self.of(fragment.selection_set, kind)
        return self._known[name]

    def _field(self, field: FieldNode, kind: object) -> int:
        found = _definition(kind, field.name.value)
        if found is None:
            return 0
        named = get_named_type(found.type)
        if not is_composite_type(named):
            return 0
        return self._size(field, found) * (1 + self.of(field.selection_set, named))

    def _size(self, field: FieldNode, found: GraphQLField) -> int:
        given = {it.name.value: it.value for it in field.arguments or ()}
        for name in _SIZES:
            if name in given:
                return self._length(given[name])
            if name in found.args and isinstance(found.args[name].default_value, int):
                return int(found.args[name].default_value)
        kind = found.type.of_type if isinstance(found.type, GraphQLNonNull) else found.type
        return _LIST_ASSUMED if isinstance(kind, GraphQLList) else 1

    def _length(self, node: ValueNode) -> int:
        if isinstance(node, ListValueNode):
            return max(1, len(node.values))
        value: object = None
        if isinstance(node, IntValueNode):
            value = int(node.value)
        elif isinstance(node, VariableNode):
            self.varies = True
            value = self._variables.get(node.name.value)
        if isinstance(value, list):
            value = len(value)
        # What is no number is refused when it is read.
        return max(1, value) if isinstance(value, int) else 1


def _definition(kind: object, name: str) -> GraphQLField | None:
    if name == "__schema":
        return SchemaMetaFieldDef
    if name == "__type":
        return TypeMetaFieldDef
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return None
    found: GraphQLField | None = kind.fields.get(name)
    return found


def _defaults(operation: OperationDefinitionNode) -> dict[str, object]:
    found: dict[str, object] = {}
    for it in operation.variable_definitions or ():
        if isinstance(it.default_value, IntValueNode):
            found[it.variable.name.value] = int(it.default_value.value)
        elif isinstance(it.default_value, ListValueNode):
            found[it.variable.name.value] = list(it.default_value.values)
    return found
