from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIRECTION_UNSPECIFIED: _ClassVar[Direction]
    DIRECTION_INPUT: _ClassVar[Direction]
    DIRECTION_OUTPUT: _ClassVar[Direction]

class Origin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORIGIN_UNSPECIFIED: _ClassVar[Origin]
    ORIGIN_SYSTEM: _ClassVar[Origin]
    ORIGIN_USER: _ClassVar[Origin]
    ORIGIN_ASSISTANT: _ClassVar[Origin]
    ORIGIN_TOOL: _ClassVar[Origin]
    ORIGIN_RETRIEVAL: _ClassVar[Origin]
    ORIGIN_MEMORY: _ClassVar[Origin]

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_LOW: _ClassVar[Priority]
    PRIORITY_MEDIUM: _ClassVar[Priority]
    PRIORITY_HIGH: _ClassVar[Priority]
    PRIORITY_CRITICAL: _ClassVar[Priority]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_BENIGN: _ClassVar[Verdict]
    VERDICT_ATTACK: _ClassVar[Verdict]

class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTION_UNSPECIFIED: _ClassVar[Action]
    ACTION_ALLOW: _ClassVar[Action]
    ACTION_FLAG: _ClassVar[Action]
    ACTION_REDACT: _ClassVar[Action]
    ACTION_REVIEW: _ClassVar[Action]
    ACTION_BLOCK: _ClassVar[Action]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_LOW: _ClassVar[Severity]
    SEVERITY_MEDIUM: _ClassVar[Severity]
    SEVERITY_HIGH: _ClassVar[Severity]
    SEVERITY_CRITICAL: _ClassVar[Severity]

class GroundTruth(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUND_TRUTH_UNSPECIFIED: _ClassVar[GroundTruth]
    GROUND_TRUTH_ATTACK: _ClassVar[GroundTruth]
    GROUND_TRUTH_BENIGN: _ClassVar[GroundTruth]

class Worth(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORTH_UNSPECIFIED: _ClassVar[Worth]
    WORTH_TRUE_POSITIVE: _ClassVar[Worth]
    WORTH_FALSE_POSITIVE: _ClassVar[Worth]
    WORTH_TRUE_NEGATIVE: _ClassVar[Worth]
    WORTH_FALSE_NEGATIVE: _ClassVar[Worth]
DIRECTION_UNSPECIFIED: Direction
DIRECTION_INPUT: Direction
DIRECTION_OUTPUT: Direction
ORIGIN_UNSPECIFIED: Origin
ORIGIN_SYSTEM: Origin
ORIGIN_USER: Origin
ORIGIN_ASSISTANT: Origin
ORIGIN_TOOL: Origin
ORIGIN_RETRIEVAL: Origin
ORIGIN_MEMORY: Origin
PRIORITY_UNSPECIFIED: Priority
PRIORITY_LOW: Priority
PRIORITY_MEDIUM: Priority
PRIORITY_HIGH: Priority
PRIORITY_CRITICAL: Priority
VERDICT_UNSPECIFIED: Verdict
VERDICT_BENIGN: Verdict
VERDICT_ATTACK: Verdict
ACTION_UNSPECIFIED: Action
ACTION_ALLOW: Action
ACTION_FLAG: Action
ACTION_REDACT: Action
ACTION_REVIEW: Action
ACTION_BLOCK: Action
SEVERITY_UNSPECIFIED: Severity
SEVERITY_LOW: Severity
SEVERITY_MEDIUM: Severity
SEVERITY_HIGH: Severity
SEVERITY_CRITICAL: Severity
GROUND_TRUTH_UNSPECIFIED: GroundTruth
GROUND_TRUTH_ATTACK: GroundTruth
GROUND_TRUTH_BENIGN: GroundTruth
WORTH_UNSPECIFIED: Worth
WORTH_TRUE_POSITIVE: Worth
WORTH_FALSE_POSITIVE: Worth
WORTH_TRUE_NEGATIVE: Worth
WORTH_FALSE_NEGATIVE: Worth

class DetectRequest(_message.Message):
    __slots__ = ("id", "text", "conversation", "json", "context", "options", "direction", "origin", "answers")
    ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    id: str
    text: str
    conversation: Conversation
    json: bytes
    context: Context
    options: Options
    direction: Direction
    origin: Origin
    answers: AnswerTo
    def __init__(self, id: _Optional[str] = ..., text: _Optional[str] = ..., conversation: _Optional[_Union[Conversation, _Mapping]] = ..., json: _Optional[bytes] = ..., context: _Optional[_Union[Context, _Mapping]] = ..., options: _Optional[_Union[Options, _Mapping]] = ..., direction: _Optional[_Union[Direction, str]] = ..., origin: _Optional[_Union[Origin, str]] = ..., answers: _Optional[_Union[AnswerTo, _Mapping]] = ...) -> None: ...

class Conversation(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[Message]
    def __init__(self, messages: _Optional[_Iterable[_Union[Message, _Mapping]]] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("role", "text", "tool_calls", "tool_call_id", "name")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    role: str
    text: str
    tool_calls: _containers.RepeatedCompositeFieldContainer[ToolCall]
    tool_call_id: str
    name: str
    def __init__(self, role: _Optional[str] = ..., text: _Optional[str] = ..., tool_calls: _Optional[_Iterable[_Union[ToolCall, _Mapping]]] = ..., tool_call_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ToolCall(_message.Message):
    __slots__ = ("id", "name", "arguments")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    arguments: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., arguments: _Optional[str] = ...) -> None: ...

class Context(_message.Message):
    __slots__ = ("user_id", "session_id", "ip_address", "user_agent", "facts")
    class FactsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    USER_AGENT_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    session_id: str
    ip_address: str
    user_agent: str
    facts: _containers.ScalarMap[str, str]
    def __init__(self, user_id: _Optional[str] = ..., session_id: _Optional[str] = ..., ip_address: _Optional[str] = ..., user_agent: _Optional[str] = ..., facts: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Options(_message.Message):
    __slots__ = ("detectors", "threshold", "explainability", "causal_analysis", "priority", "core_actions")
    DETECTORS_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    EXPLAINABILITY_FIELD_NUMBER: _ClassVar[int]
    CAUSAL_ANALYSIS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CORE_ACTIONS_FIELD_NUMBER: _ClassVar[int]
    detectors: _containers.RepeatedScalarFieldContainer[str]
    threshold: float
    explainability: bool
    causal_analysis: bool
    priority: Priority
    core_actions: bool
    def __init__(self, detectors: _Optional[_Iterable[str]] = ..., threshold: _Optional[float] = ..., explainability: _Optional[bool] = ..., causal_analysis: _Optional[bool] = ..., priority: _Optional[_Union[Priority, str]] = ..., core_actions: _Optional[bool] = ...) -> None: ...

class AnswerTo(_message.Message):
    __slots__ = ("question", "system", "context", "canaries", "checks", "language", "flag")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CANARIES_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    FLAG_FIELD_NUMBER: _ClassVar[int]
    question: str
    system: str
    context: _containers.RepeatedScalarFieldContainer[str]
    canaries: _containers.RepeatedScalarFieldContainer[str]
    checks: _containers.RepeatedScalarFieldContainer[str]
    language: str
    flag: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, question: _Optional[str] = ..., system: _Optional[str] = ..., context: _Optional[_Iterable[str]] = ..., canaries: _Optional[_Iterable[str]] = ..., checks: _Optional[_Iterable[str]] = ..., language: _Optional[str] = ..., flag: _Optional[_Iterable[str]] = ...) -> None: ...

class DetectResponse(_message.Message):
    __slots__ = ("request_id", "detection_time_ms", "threat", "verdict", "action", "enforced", "tiers", "timings", "truncated", "degraded", "metadata", "explanation", "allowed_by", "id", "answer")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DETECTION_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    THREAT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ENFORCED_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_BY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    detection_time_ms: float
    threat: Threat
    verdict: Verdict
    action: Action
    enforced: bool
    tiers: _containers.RepeatedScalarFieldContainer[int]
    timings: _containers.RepeatedCompositeFieldContainer[Timing]
    truncated: bool
    degraded: _containers.RepeatedCompositeFieldContainer[Degraded]
    metadata: Metadata
    explanation: Explanation
    allowed_by: _containers.RepeatedCompositeFieldContainer[Allowed]
    id: str
    answer: AnswerReport
    def __init__(self, request_id: _Optional[str] = ..., detection_time_ms: _Optional[float] = ..., threat: _Optional[_Union[Threat, _Mapping]] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., action: _Optional[_Union[Action, str]] = ..., enforced: _Optional[bool] = ..., tiers: _Optional[_Iterable[int]] = ..., timings: _Optional[_Iterable[_Union[Timing, _Mapping]]] = ..., truncated: _Optional[bool] = ..., degraded: _Optional[_Iterable[_Union[Degraded, _Mapping]]] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., allowed_by: _Optional[_Iterable[_Union[Allowed, _Mapping]]] = ..., id: _Optional[str] = ..., answer: _Optional[_Union[AnswerReport, _Mapping]] = ...) -> None: ...

class AnswerReport(_message.Message):
    __slots__ = ("remarks", "prompt_leak", "refused", "language", "support")
    REMARKS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_LEAK_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SUPPORT_FIELD_NUMBER: _ClassVar[int]
    remarks: _containers.RepeatedCompositeFieldContainer[Remark]
    prompt_leak: float
    refused: bool
    language: str
    support: float
    def __init__(self, remarks: _Optional[_Iterable[_Union[Remark, _Mapping]]] = ..., prompt_leak: _Optional[float] = ..., refused: _Optional[bool] = ..., language: _Optional[str] = ..., support: _Optional[float] = ...) -> None: ...

class Remark(_message.Message):
    __slots__ = ("check", "span", "score", "explanation", "flags")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    check: str
    span: Span
    score: float
    explanation: str
    flags: bool
    def __init__(self, check: _Optional[str] = ..., span: _Optional[_Union[Span, _Mapping]] = ..., score: _Optional[float] = ..., explanation: _Optional[str] = ..., flags: _Optional[bool] = ...) -> None: ...

class Threat(_message.Message):
    __slots__ = ("detected", "confidence", "category", "severity", "attack_vector", "findings")
    DETECTED_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    ATTACK_VECTOR_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    detected: bool
    confidence: float
    category: str
    severity: Severity
    attack_vector: _containers.RepeatedScalarFieldContainer[str]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, detected: _Optional[bool] = ..., confidence: _Optional[float] = ..., category: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., attack_vector: _Optional[_Iterable[str]] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("category", "span", "score", "severity", "rule_id", "explanation", "chain", "taxonomy", "mention", "content", "entity")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    TAXONOMY_FIELD_NUMBER: _ClassVar[int]
    MENTION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    category: str
    span: Span
    score: float
    severity: Severity
    rule_id: str
    explanation: str
    chain: _containers.RepeatedScalarFieldContainer[str]
    taxonomy: Taxonomy
    mention: bool
    content: int
    entity: str
    def __init__(self, category: _Optional[str] = ..., span: _Optional[_Union[Span, _Mapping]] = ..., score: _Optional[float] = ..., severity: _Optional[_Union[Severity, str]] = ..., rule_id: _Optional[str] = ..., explanation: _Optional[str] = ..., chain: _Optional[_Iterable[str]] = ..., taxonomy: _Optional[_Union[Taxonomy, _Mapping]] = ..., mention: _Optional[bool] = ..., content: _Optional[int] = ..., entity: _Optional[str] = ...) -> None: ...

class Span(_message.Message):
    __slots__ = ("start", "end")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    start: int
    end: int
    def __init__(self, start: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...

class Taxonomy(_message.Message):
    __slots__ = ("owasp_llm", "owasp_agentic", "atlas", "cwe")
    OWASP_LLM_FIELD_NUMBER: _ClassVar[int]
    OWASP_AGENTIC_FIELD_NUMBER: _ClassVar[int]
    ATLAS_FIELD_NUMBER: _ClassVar[int]
    CWE_FIELD_NUMBER: _ClassVar[int]
    owasp_llm: _containers.RepeatedScalarFieldContainer[str]
    owasp_agentic: _containers.RepeatedScalarFieldContainer[str]
    atlas: _containers.RepeatedScalarFieldContainer[str]
    cwe: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, owasp_llm: _Optional[_Iterable[str]] = ..., owasp_agentic: _Optional[_Iterable[str]] = ..., atlas: _Optional[_Iterable[str]] = ..., cwe: _Optional[_Iterable[str]] = ...) -> None: ...

class Timing(_message.Message):
    __slots__ = ("step", "microseconds")
    STEP_FIELD_NUMBER: _ClassVar[int]
    MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    step: str
    microseconds: float
    def __init__(self, step: _Optional[str] = ..., microseconds: _Optional[float] = ...) -> None: ...

class Degraded(_message.Message):
    __slots__ = ("check", "reason")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    check: str
    reason: str
    def __init__(self, check: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Metadata(_message.Message):
    __slots__ = ("detector_versions", "policy_version", "edge_node")
    class DetectorVersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DETECTOR_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    EDGE_NODE_FIELD_NUMBER: _ClassVar[int]
    detector_versions: _containers.ScalarMap[str, str]
    policy_version: str
    edge_node: str
    def __init__(self, detector_versions: _Optional[_Mapping[str, str]] = ..., policy_version: _Optional[str] = ..., edge_node: _Optional[str] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("reasoning", "features", "alternatives")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    REASONING_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVES_FIELD_NUMBER: _ClassVar[int]
    reasoning: str
    features: _containers.ScalarMap[str, float]
    alternatives: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, reasoning: _Optional[str] = ..., features: _Optional[_Mapping[str, float]] = ..., alternatives: _Optional[_Iterable[str]] = ...) -> None: ...

class Allowed(_message.Message):
    __slots__ = ("entry", "rule_id", "span", "content")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    entry: str
    rule_id: str
    span: Span
    content: int
    def __init__(self, entry: _Optional[str] = ..., rule_id: _Optional[str] = ..., span: _Optional[_Union[Span, _Mapping]] = ..., content: _Optional[int] = ...) -> None: ...

class DetectBatchRequest(_message.Message):
    __slots__ = ("requests", "max_parallelism", "aggregate_results")
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    MAX_PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    AGGREGATE_RESULTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[DetectRequest]
    max_parallelism: int
    aggregate_results: bool
    def __init__(self, requests: _Optional[_Iterable[_Union[DetectRequest, _Mapping]]] = ..., max_parallelism: _Optional[int] = ..., aggregate_results: _Optional[bool] = ...) -> None: ...

class DetectBatchResponse(_message.Message):
    __slots__ = ("batch_id", "total_requests", "processed_requests", "results", "aggregates")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    TOTAL_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PROCESSED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    AGGREGATES_FIELD_NUMBER: _ClassVar[int]
    batch_id: str
    total_requests: int
    processed_requests: int
    results: _containers.RepeatedCompositeFieldContainer[Outcome]
    aggregates: Aggregates
    def __init__(self, batch_id: _Optional[str] = ..., total_requests: _Optional[int] = ..., processed_requests: _Optional[int] = ..., results: _Optional[_Iterable[_Union[Outcome, _Mapping]]] = ..., aggregates: _Optional[_Union[Aggregates, _Mapping]] = ...) -> None: ...

class Aggregates(_message.Message):
    __slots__ = ("total_threats", "threats_by_category", "average_confidence", "processing_time_ms")
    class ThreatsByCategoryEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    TOTAL_THREATS_FIELD_NUMBER: _ClassVar[int]
    THREATS_BY_CATEGORY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    PROCESSING_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    total_threats: int
    threats_by_category: _containers.ScalarMap[str, int]
    average_confidence: float
    processing_time_ms: float
    def __init__(self, total_threats: _Optional[int] = ..., threats_by_category: _Optional[_Mapping[str, int]] = ..., average_confidence: _Optional[float] = ..., processing_time_ms: _Optional[float] = ...) -> None: ...

class StreamRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[DetectRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[DetectRequest, _Mapping]]] = ...) -> None: ...

class StreamResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[Outcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[Outcome, _Mapping]]] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("id", "response", "problem")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    id: str
    response: DetectResponse
    problem: Problem
    def __init__(self, id: _Optional[str] = ..., response: _Optional[_Union[DetectResponse, _Mapping]] = ..., problem: _Optional[_Union[Problem, _Mapping]] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("code", "kind", "detail", "fields", "retry_after_ms")
    CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    code: int
    kind: str
    detail: str
    fields: _containers.RepeatedCompositeFieldContainer[FieldProblem]
    retry_after_ms: int
    def __init__(self, code: _Optional[int] = ..., kind: _Optional[str] = ..., detail: _Optional[str] = ..., fields: _Optional[_Iterable[_Union[FieldProblem, _Mapping]]] = ..., retry_after_ms: _Optional[int] = ...) -> None: ...

class FieldProblem(_message.Message):
    __slots__ = ("field", "detail")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    field: str
    detail: str
    def __init__(self, field: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class GetRequestRequest(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    def __init__(self, request_id: _Optional[str] = ...) -> None: ...

class Episode(_message.Message):
    __slots__ = ("request_id", "at_ms", "door", "location", "caller", "direction", "detected", "action", "enforced", "category", "severity", "confidence", "detection_time_ms", "tiers", "policy_version", "digest", "evidence", "degraded", "user_id", "session_id", "ip_address", "cursor")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AT_MS_FIELD_NUMBER: _ClassVar[int]
    DOOR_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    DETECTED_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ENFORCED_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    DETECTION_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    at_ms: int
    door: str
    location: str
    caller: str
    direction: Direction
    detected: bool
    action: Action
    enforced: bool
    category: str
    severity: Severity
    confidence: float
    detection_time_ms: float
    tiers: _containers.RepeatedScalarFieldContainer[int]
    policy_version: str
    digest: str
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    degraded: _containers.RepeatedCompositeFieldContainer[Degraded]
    user_id: str
    session_id: str
    ip_address: str
    cursor: int
    def __init__(self, request_id: _Optional[str] = ..., at_ms: _Optional[int] = ..., door: _Optional[str] = ..., location: _Optional[str] = ..., caller: _Optional[str] = ..., direction: _Optional[_Union[Direction, str]] = ..., detected: _Optional[bool] = ..., action: _Optional[_Union[Action, str]] = ..., enforced: _Optional[bool] = ..., category: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., confidence: _Optional[float] = ..., detection_time_ms: _Optional[float] = ..., tiers: _Optional[_Iterable[int]] = ..., policy_version: _Optional[str] = ..., digest: _Optional[str] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., degraded: _Optional[_Iterable[_Union[Degraded, _Mapping]]] = ..., user_id: _Optional[str] = ..., session_id: _Optional[str] = ..., ip_address: _Optional[str] = ..., cursor: _Optional[int] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("rule_id", "category", "severity", "score", "span", "content", "mention", "chain")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    MENTION_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    category: str
    severity: Severity
    score: float
    span: Span
    content: int
    mention: bool
    chain: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rule_id: _Optional[str] = ..., category: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., score: _Optional[float] = ..., span: _Optional[_Union[Span, _Mapping]] = ..., content: _Optional[int] = ..., mention: _Optional[bool] = ..., chain: _Optional[_Iterable[str]] = ...) -> None: ...

class GiveFeedbackRequest(_message.Message):
    __slots__ = ("request_id", "ground_truth", "outcome", "additional_context")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    GROUND_TRUTH_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    ground_truth: GroundTruth
    outcome: Worth
    additional_context: bytes
    def __init__(self, request_id: _Optional[str] = ..., ground_truth: _Optional[_Union[GroundTruth, str]] = ..., outcome: _Optional[_Union[Worth, str]] = ..., additional_context: _Optional[bytes] = ...) -> None: ...

class GiveFeedbackResponse(_message.Message):
    __slots__ = ("feedback_id", "outcome", "new")
    FEEDBACK_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    NEW_FIELD_NUMBER: _ClassVar[int]
    feedback_id: str
    outcome: Worth
    new: bool
    def __init__(self, feedback_id: _Optional[str] = ..., outcome: _Optional[_Union[Worth, str]] = ..., new: _Optional[bool] = ...) -> None: ...

class FeedRequest(_message.Message):
    __slots__ = ("severity_min", "categories", "locations", "after")
    SEVERITY_MIN_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    severity_min: Severity
    categories: _containers.RepeatedScalarFieldContainer[str]
    locations: _containers.RepeatedScalarFieldContainer[str]
    after: int
    def __init__(self, severity_min: _Optional[_Union[Severity, str]] = ..., categories: _Optional[_Iterable[str]] = ..., locations: _Optional[_Iterable[str]] = ..., after: _Optional[int] = ...) -> None: ...
