"""Guardrails for the OpenAI Agents SDK.

Agent(
name="clerk",
input_guardrails=[input_guardrail(guard)],
output_guardrails=[output_guardrail(guard)],
)
function_tool(tool_input_guardrails=[...], tool_output_guardrails=[...])
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    OutputGuardrail,
    RunContextWrapper,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolInputGuardrailData,
    ToolOutputGuardrail,
    ToolOutputGuardrailData,
    TResponseInputItem,
)

from aidefence.domain.enums import Action, Direction, Origin
from aidefence.integrations.stopping import Stop, tell

if TYPE_CHECKING:
    from aidefence import Guard

NAME = "aidefence"


def input_guardrail(
    guard: Guard, *, stop_at: Action | str = Action.BLOCK, run_in_parallel: bool = False
) -> InputGuardrail[Any]:
    """Trip where a question attacks. By default the agent starts only after it was inspected."""
    stop = Stop(stop_at)

    async def inspect(
        context: RunContextWrapper[Any],  # noqa: ARG001 -- the framework's signature
        agent: Agent[Any],  # noqa: ARG001 -- the same
        given: str | list[TResponseInputItem],
    ) -> GuardrailFunctionOutput:
        content: Any = given
        decision = await guard.ainspect(content)
        return GuardrailFunctionOutput(tell(decision), stop.holds(decision))

    return InputGuardrail(inspect, name=NAME, run_in_parallel=run_in_parallel)


def output_guardrail(guard: Guard, *, stop_at: Action | str = Action.BLOCK) -> OutputGuardrail[Any]:
    """Trip where an answer must not be shown."""
    stop = Stop(stop_at)

    async def inspect(
        context: RunContextWrapper[Any],  # noqa: ARG001 -- the framework's signature
        agent: Agent[Any],  # noqa: ARG001 -- the same
        output: Any,  # noqa: ANN401 -- an agent may answer with anything
    ) -> GuardrailFunctionOutput:
        decision = await guard.ainspect(
            _text(output), origin=Origin.ASSISTANT, direction=Direction.OUTPUT
        )
        return GuardrailFunctionOutput(tell(decision), stop.holds(decision))

    return OutputGuardrail(inspect, name=NAME)


def tool_input_guardrail(
    guard: Guard, *, stop_at: Action | str = Action.REVIEW
) -> ToolInputGuardrail[Any]:
    """Keep a call from a tool; the model is told why, and the agent goes on."""
    stop = Stop(stop_at)

    async def inspect(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        ruling = guard.inspect_call(data.context.tool_name, data.context.tool_arguments or "{}")
        if stop.holds(ruling):
            told = tell(ruling)
            reason = f"This call was not made: {'; '.join(told['reasons'])}"
            return ToolGuardrailFunctionOutput.reject_content(reason, told)
        return ToolGuardrailFunctionOutput.allow(tell(ruling))

    return ToolInputGuardrail(inspect, name=NAME)


def tool_output_guardrail(
    guard: Guard, *, stop_at: Action | str = Action.BLOCK
) -> ToolOutputGuardrail[Any]:
    """Keep what a tool has brought from the model where it gives orders."""
    stop = Stop(stop_at)

    async def inspect(data: ToolOutputGuardrailData) -> ToolGuardrailFunctionOutput:
        decision = await guard.ainspect(_text(data.output), origin=Origin.TOOL)
        if stop.holds(decision):
            told = tell(decision)
            return ToolGuardrailFunctionOutput.reject_content(
                "What the tool has answered was kept back: it tries to give orders.", told
            )
        return ToolGuardrailFunctionOutput.allow(tell(decision))

    return ToolOutputGuardrail(inspect, name=NAME)


def _text(output: Any) -> str:  # noqa: ANN401 -- an agent may answer with anything
    if isinstance(output, str):
        return output
    dump = getattr(output, "model_dump", None)
    value = dump(mode="json") if callable(dump) else output
    return json.dumps(value, ensure_ascii=False, default=str)
