"""What can be done: have something inspected, say something about it, settle a case."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import strawberry

from aidefence.delivery.graphql.asker import Asker, Asking, there
from aidefence.delivery.graphql.errors import tell_problem
from aidefence.delivery.graphql.inputs import (
    Asked,
    DetectInput,
    Wrong,
    read_parallelism,
    read_request,
    read_requests,
)
from aidefence.delivery.graphql.policies import PolicyMutations
from aidefence.delivery.graphql.remembered import (
    GivenFeedback,
    ReviewCase,
    tell_case,
    tell_feedback,
)
from aidefence.delivery.graphql.scalars import Json
from aidefence.delivery.graphql.types import (
    Aggregates,
    Batch,
    CategoryCount,
    Detection,
    DetectOutcome,
    milliseconds,
    tell_detection,
)
from aidefence.delivery.http.problems import invalid, too_large
from aidefence.domain.access import Caller, Permission
from aidefence.domain.asking import Detection as Found
from aidefence.domain.errors import LimitError
from aidefence.domain.feedback import GroundTruth, Outcome
from aidefence.domain.review import ReviewCase as Case
from aidefence.service.reviews import Reviews
from aidefence.service.telling import sum_up


@strawberry.type(description="What can be done.")
class Mutation(PolicyMutations):
    @strawberry.mutation(description="Inspect one content.")
    async def detect(self, info: Asking, request: DetectInput) -> Detection:
        asker = info.context
        caller = asker.enter(Permission.DETECT)
        desk, now_ns = asker.services.desk, asker.services.clock.monotonic_ns
        since_ns = now_ns()
        asked = read_request(request, asker.limits)
        put = asker.request(asked, caller, since_ns)
        found = await desk.aask(put)
        asker.allowance = found.allowance
        return tell_detection(asked, put.id, found, now_ns() - since_ns)

    @strawberry.mutation(description="Inspect many contents; a wrong one refuses no other.")
    async def detect_batch(
        self, info: Asking, requests: list[DetectInput], max_parallelism: int = 10
    ) -> Batch:
        asker = info.context
        caller = asker.enter(Permission.DETECT)
        return await asyncio.to_thread(_batch, asker, caller, requests, max_parallelism)

    @strawberry.mutation(description="Say what the content of a request really was.")
    async def give_feedback(
        self,
        info: Asking,
        request_id: strawberry.ID,
        ground_truth: GroundTruth,
        outcome: Outcome | None = None,
        additional_context: Json | None = None,
    ) -> GivenFeedback:
        caller = info.context.enter(Permission.FEEDBACK)
        feedback = there(info.context.services.feedback)
        context: object = additional_context
        if context is not None and not isinstance(context, dict):
            raise invalid("/additionalContext", "expected an object")
        try:
            given = await asyncio.to_thread(
                feedback.give, str(request_id), caller, ground_truth, outcome, context
            )
        except LimitError as error:
            raise too_large("/additionalContext", str(error)) from None
        return GivenFeedback(feedback=tell_feedback(given.feedback), new=given.new)

    @strawberry.mutation(description="Take a case: of two who try at once, one gets it.")
    async def claim_review(self, info: Asking, id: strawberry.ID) -> ReviewCase:  # noqa: A002
        return await _settle(info.context, lambda it, who: it.claim(str(id), who))

    @strawberry.mutation(description="Put a case back into the queue.")
    async def release_review(self, info: Asking, id: strawberry.ID) -> ReviewCase:  # noqa: A002
        return await _settle(info.context, lambda it, who: it.release(str(id), who))

    @strawberry.mutation(description="Settle a claimed case: the content is harmless.")
    async def approve_review(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        comment: str = "",
    ) -> ReviewCase:
        return await _settle(info.context, lambda it, who: it.approve(str(id), who, comment))

    @strawberry.mutation(description="Settle a claimed case: it is an attack.")
    async def reject_review(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        comment: str = "",
    ) -> ReviewCase:
        return await _settle(info.context, lambda it, who: it.reject(str(id), who, comment))

    @strawberry.mutation(description="Add a comment to a case.")
    async def comment_review(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        text: str,
    ) -> ReviewCase:
        return await _settle(info.context, lambda it, who: it.comment(str(id), who, text))


def _batch(
    asker: Asker, caller: Caller, requests: list[DetectInput], max_parallelism: int
) -> Batch:
    services = asker.services
    now_ns = services.clock.monotonic_ns
    since_ns = now_ns()
    items = read_requests(requests, asker.limits)
    threads = read_parallelism(max_parallelism)
    right = [it for it in items if isinstance(it, Asked)]
    put = [asker.request(it, caller, since_ns) for it in right]
    found = services.desk.ask_all(put, threads=threads, since_ns=since_ns)
    asker.allowance = found[0].allowance if found else None
    told = iter(
        tell_detection(asked, request.id, it, it.decision.elapsed_ns)
        for asked, request, it in zip(right, put, found, strict=True)
    )
    return Batch(
        batch_id=strawberry.ID(services.ids.batch_id()),
        total_requests=len(items),
        processed_requests=len(found),
        results=[
            DetectOutcome(id=it.name, problem=tell_problem(it.refusal))
            if isinstance(it, Wrong)
            else DetectOutcome(id=it.name, detection=next(told))
            for it in items
        ],
        aggregates=_aggregates(found, now_ns() - since_ns),
    )


def _aggregates(found: list[Found], elapsed_ns: int) -> Aggregates:
    sums = sum_up(found)
    return Aggregates(
        total_threats=sums.threats,
        threats_by_category=[
            CategoryCount(category=name, count=count) for name, count in sums.by_category.items()
        ],
        average_confidence=sums.average_confidence,
        processing_time=milliseconds(elapsed_ns),
    )


async def _settle(asker: Asker, change: Callable[[Reviews, Caller], Case]) -> ReviewCase:
    caller = asker.enter(Permission.REVIEW)
    reviews = there(asker.services.reviews)
    try:
        case = await asyncio.to_thread(change, reviews, caller)
    except LimitError as error:
        raise too_large("/comment", str(error)) from None
    return tell_case(case, asker.services.clock.now_ms())
