// Generated from api/openapi.json by scripts/generate.mjs. Do not edit.

/** What is promised: ask after `jobId`, also at the place in `Location`. */
export type Accepted = {
  jobId: string;
  status: "done" | "failed" | "queued" | "running";
};

/** Sums over a batch; `processingTime` is in milliseconds. */
export type Aggregates = {
  totalThreats: number;
  threatsByCategory: Record<string, number>;
  averageConfidence: number;
  processingTime: number;
};

/** What an answer of a model is held against, and what is looked at beside what it says. `language` is a code or `question`. What a check notices informs; `flag` names those that flag. */
export type AnswerTo = {
  question?: string | null;
  system?: string | null;
  context?: string[];
  canaries?: string[];
  checks?: ("refusal" | "repetition" | "support")[];
  language?: string | null;
  flag?: ("canary" | "language" | "prompt" | "refusal" | "repetition" | "support")[];
};

/** The very call: its tool, all its arguments, its session; and for how long it may wait. */
export type ApprovalRequest = {
  tool: string;
  arguments: Record<string, unknown>;
  sessionId: string;
  minutes?: number;
};

/** One request of a batch, with the client's own name for it. */
export type BatchItem = {
  content: string | unknown[] | Record<string, unknown>;
  contentType?: "audio" | "image" | "text" | "video";
  context?: Context | null;
  options?: Options | null;
  direction?: "input" | "output";
  origin?: "assistant" | "memory" | "retrieval" | "system" | "tool" | "user" | null;
  answers?: AnswerTo | null;
  id?: string | null;
};

/** How a batch is worked through. With `async` the answer comes later, also to a `webhook`. */
export type BatchOptions = {
  maxParallelism?: number;
  aggregateResults?: boolean;
  async?: boolean;
  webhook?: string | null;
};

/** Many requests at once. */
export type BatchRequest = {
  requests: BatchItem[];
  batchOptions?: BatchOptions | null;
};

/** The answers to a batch, in the order of its requests; one that is wrong has an `error`. */
export type BatchResponse = {
  batchId: string;
  totalRequests: number;
  processedRequests: number;
  results: (DetectResponse | RefusedItem)[];
  aggregates?: Aggregates;
};

/** A call; `task` is what the user asked for, `seen` what tools and documents have said. */
export type CallRequest = {
  name: string;
  arguments: string | Record<string, unknown>;
  tools?: unknown[] | Record<string, unknown> | null;
  task?: string | null;
  seen?: string[];
  context?: Context | null;
};

/** The ruling on one call. */
export type CallResponse = {
  action: "allow" | "block" | "flag" | "redact" | "review";
  enforced: boolean;
  severity: "critical" | "high" | "low" | "medium";
  findings: WireToolFinding[];
  policyVersion: string;
  degraded: WireDegraded[];
  reasons: string[];
  tool: string;
  capabilities: string[];
};

/** Who asks, from where. Nothing of it is inspected. */
export type Context = {
  userId?: string | null;
  sessionId?: string | null;
  ipAddress?: string | null;
  userAgent?: string | null;
  timestamp?: number | null;
  metadata?: Record<string, unknown> | null;
  facts?: Record<string, string | number | boolean>;
};

/** What that request wants; its payload is inspected. */
export type Deed = {
  type: string;
  resource: string;
  method: string;
  payload?: unknown;
};

/** Up to a hundred requests. */
export type DefendBatch = {
  requests: DefendRequest[];
};

/** What the second version says about it; `requestId` is the name under which it is kept. */
export type DefendMetadata = {
  requestId: string;
  action: string;
  category: string;
  findings: string[];
  policyVersion: string;
  degraded: string[];
};

/** One request; payload and context are what is inspected. */
export type DefendRequest = {
  action: Deed;
  source: Source;
  id?: string | null;
  timestamp?: number | string | null;
  context?: unknown;
};

/** Whether the request may pass. `latency` is in milliseconds. */
export type DefendResponse = {
  requestId: string;
  allowed: boolean;
  confidence: number;
  threatLevel: "CRITICAL" | "HIGH" | "LOW" | "MEDIUM" | "NONE";
  latency: number;
  metadata: DefendMetadata;
};

/** The answers, in the order of the requests. */
export type DefendResults = {
  results: DefendResponse[];
};

/** Where and how a version comes into force; by default the newest, at once. `rolloutPercentage` is the part of sessions that `canary` and `gradual` begin with. */
export type DeployRequest = {
  targetEnvironment?: "edge" | "production" | "staging";
  rolloutStrategy?: "canary" | "gradual" | "immediate";
  rolloutPercentage?: number | null;
  version?: number | null;
};

/** Deployments of a policy, the newest first. */
export type DeploymentList = {
  deployments: WireDeployment[];
};

/** A text, the messages of a conversation, or an object with text, messages or documents. `direction` is `output` for what a model has written; `origin` is whose texts those are that do not say it themselves: a user's, or on the way out the model's. `answers` goes with an output that is a text. */
export type DetectRequest = {
  content: string | unknown[] | Record<string, unknown>;
  contentType?: "audio" | "image" | "text" | "video";
  context?: Context | null;
  options?: Options | null;
  direction?: "input" | "output";
  origin?: "assistant" | "memory" | "retrieval" | "system" | "tool" | "user" | null;
  answers?: AnswerTo | null;
};

/** The answer to one request. `detectionTime` is in milliseconds, `id` the client's own name. */
export type DetectResponse = {
  requestId: string;
  detectionTime: number;
  threat: Threat;
  verdict: "attack" | "benign";
  action: "allow" | "block" | "flag" | "redact" | "review";
  enforced: boolean;
  tiers: number[];
  timings: WireTiming[];
  truncated: boolean;
  degraded: WireDegraded[];
  metadata: Metadata;
  explanation?: Explanation;
  allowedBy?: WireAllowed[];
  answer?: WireAnswer;
  conversation?: WireTalk;
  id?: string;
};

/** Whom to forget: a `userId` as requests of this tenant named it in their `context`. */
export type EraseRequest = {
  userId: string;
};

/** Why, in words and numbers. */
export type Explanation = {
  reasoning: string;
  features: Record<string, number>;
  alternatives: string[];
};

/** What the content of a request really was; `outcome` only has to fit, where it is given. */
export type FeedbackRequest = {
  requestId: string;
  groundTruth: "attack" | "benign";
  outcome?: "FN" | "FP" | "TN" | "TP" | null;
  additionalContext?: Record<string, unknown> | null;
};

/** The word is on the disk. This version does not learn from it by itself. */
export type FeedbackResponse = {
  feedbackId: string;
  episodeStored: boolean;
  learningTriggered: boolean;
  estimatedImprovementTime: number | null;
};

/** What is wrong with one field; `pointer` is a JSON pointer into the request. `readings` are all that a sentence may mean, where it may mean several things. */
export type FieldError = {
  pointer: string;
  detail: string;
  readings?: string[];
};

/** The process answers. */
export type Health = {
  status: string;
};

/** What a new key is to be; without `permissions` it may all that its role may. */
export type KeyRequest = {
  name: string;
  role?: "admin" | "analyst" | "operator" | "service" | "viewer";
  permissions?: ("audit:read" | "detect" | "feed:read" | "feedback" | "keys:manage" | "metrics:read" | "operate" | "policies:deploy" | "policies:read" | "policies:write" | "proxy" | "requests:read" | "review" | "rules:read" | "users:erase")[];
  tenant?: string;
  plan?: "enterprise" | "free" | "pro";
  lifeSeconds?: number | null;
};

/** Which knowledge and which node spoke. */
export type Metadata = {
  detectorVersions: Record<string, string>;
  policyVersion: string;
  edgeNode: string;
};

/** A text, and what to make harmless in it; `hosts` may stay linked. */
export type NeutralizeRequest = {
  text: string;
  decode?: boolean;
  markup?: boolean;
  hosts?: string[];
  wrap?: "datamark" | "delimit" | "encode" | null;
};

/** What a client asks for. With `async` the answer comes later, also to a `webhook`. */
export type Options = {
  detectors?: ("multimodal" | "neuro-symbolic" | "temporal")[];
  threshold?: number | null;
  explainability?: boolean;
  async?: boolean;
  webhook?: string | null;
  causalAnalysis?: boolean;
  priority?: "critical" | "high" | "low" | "medium";
  actions?: "core" | "full";
};

/** Which version is asked about how many of the last episodes; by default the newest. */
export type PastRequest = {
  version?: number | null;
  last?: number;
};

/** Policies, the newest first. */
export type PolicyList = {
  policies: PolicySummary[];
};

/** A new policy: `rules`, or a `source` in the language of policies in their place. One with `verificationRequired` is deployed only once all its claims are proved. */
export type PolicyRequest = {
  name: string;
  description?: string;
  rules?: PolicyRule[];
  source?: string | null;
  verificationRequired?: boolean;
};

/** A rule: `condition` in natural language, or in the language of policies. */
export type PolicyRule = {
  id: string;
  condition: string;
  action: "allow" | "block" | "flag" | "redact" | "review";
  priority: number;
};

/** A policy in a list, or one of its versions. */
export type PolicySummary = {
  policyId: string;
  name: string;
  version: number;
  status: "failed" | "pending_verification" | "verified";
  deploymentStatus: "deployed" | "deploying" | "not_deployed";
  digest: string;
  verificationRequired: boolean;
  createdAt: number;
  createdBy: string;
  retiredAt: number | null;
  stale: string[];
};

/** A problem document (RFC 9457). */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: FieldError[];
};

/** How the proofs were found and what they rest on. */
export type ProofDetails = {
  prover: string | null;
  tactics: string[];
  lemmasUsed: string[];
  proofTree: ProofTree;
};

/** Whether all claims are proved, by whom, in how many milliseconds. `prover` is `aidefence` where our own search found the proofs; `certificate` is JSON. */
export type ProofStatus = {
  proved: boolean;
  prover: string | null;
  proofTime: number;
  certificate: string | null;
};

/** Every claim: what it says, how it was settled, by which theorem. */
export type ProofTree = {
  claims: Record<string, unknown>[];
};

/** Whether a text would be inspected now; `degraded` are checks that would be left out. `status` is `ready`, or with 503 `starting` or `draining`. */
export type Readiness = {
  status: string;
  policyVersion: string;
  degraded: WireDegraded[];
};

/** A text, and what to put in the place of which values; three operators need a `key`. */
export type RedactRequest = {
  text: string;
  categories?: string[];
  entities?: string[] | null;
  operators?: Record<string, string>;
  default?: string;
  key?: string | null;
  minScore?: number | null;
};

/** A request among many that was not inspected, and why. */
export type RefusedItem = {
  error: Problem;
  id?: string;
};

/** Why, in words of whoever decides. */
export type Remark = {
  comment?: string;
};

/** A changed text; `instruction` is what a model must be told about a wrapped one. */
export type RewriteResponse = {
  text: string;
  changes: WireChange[];
  degraded: WireDegraded[];
  instruction: string;
};

/** Where the last deployment is undone, and why. */
export type RollbackRequest = {
  targetEnvironment?: "edge" | "production" | "staging";
  reason?: string;
};

/** For how long the secret before still opens. */
export type RotateRequest = {
  overlapSeconds?: number;
};

/** A comment for whoever looks next. */
export type Said = {
  comment: string;
};

/** Which version watches where; by default the newest. */
export type ShadowRequest = {
  targetEnvironment?: "edge" | "production" | "staging";
  version?: number | null;
};

/** What was decided about a request, and what was said about it since. */
export type ShownRequest = {
  request: WireEpisode;
  feedback: WireFeedback[];
};

/** The key to sign in with. */
export type SignInRequest = {
  key: string;
};

/** From where the request came that is to be defended against. Nothing of it is inspected. */
export type Source = {
  ip?: string | null;
  userAgent?: string | null;
  headers?: Record<string, unknown> | null;
};

/** The last day, summed up; latencies are in milliseconds, none where nothing was decided. */
export type Stats = {
  totalRequests: number;
  blockedRequests: number;
  allowedRequests: number;
  requestsPerSecond: number;
  latencyP50: number | null;
  latencyP99: number | null;
};

/** Why something is switched off; answers say so for as long as it is. */
export type SwitchOff = {
  reason?: string;
};

/** What was found. */
export type Threat = {
  detected: boolean;
  confidence: number;
  category: string;
  severity: "critical" | "high" | "low" | "medium";
  attackVector: string[];
  findings: WireFinding[];
};

/** Definitions as a model is given them, in the shape of any client. */
export type ToolsRequest = {
  tools: unknown[] | Record<string, unknown>;
  context?: Context | null;
};

/** The ruling on tool definitions. */
export type ToolsResponse = {
  action: "allow" | "block" | "flag" | "redact" | "review";
  enforced: boolean;
  severity: "critical" | "high" | "low" | "medium";
  findings: WireToolFinding[];
  policyVersion: string;
  degraded: WireDegraded[];
  reasons: string[];
  tools: WireTool[];
};

/** The messages of a trace, or a whole request. */
export type TraceRequest = {
  messages: unknown[] | Record<string, unknown>;
  tools?: unknown[] | Record<string, unknown> | null;
  context?: Context | null;
};

/** The ruling on a trace of which so many `events` were read. */
export type TraceResponse = {
  action: "allow" | "block" | "flag" | "redact" | "review";
  enforced: boolean;
  severity: "critical" | "high" | "low" | "medium";
  findings: WireToolFinding[];
  policyVersion: string;
  degraded: WireDegraded[];
  reasons: string[];
  events: number;
};

/** A text, messages or other data; within a `session` a value always gets the same token. */
export type VaultRequest = {
  content: string | unknown[] | Record<string, unknown>;
  session: string;
};

/** The same data with values or tokens exchanged, and in how many texts. */
export type VaultResponse = {
  content: unknown;
  changed: number;
  degraded: WireDegraded[];
};

/** How far the proofs are; `estimatedTimeRemaining` is in milliseconds. */
export type VerificationProgress = {
  currentStep: string;
  completedSteps: string[];
  estimatedTimeRemaining: number;
};

/** Versions of a policy, the newest first. */
export type VersionList = {
  versions: PolicySummary[];
};

/** A new version of a policy: `rules`, or a `source` in the language of policies. */
export type VersionRequest = {
  rules?: PolicyRule[];
  source?: string | null;
};

/** What feedback says about the decisions; none where nobody said anything. */
export type WireAccuracy = {
  overall: number | null;
  byCategory: Record<string, number>;
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
};

/** A finding that an allow list took out; `ruleId` is empty for a whole text. */
export type WireAllowed = {
  entry: string;
  ruleId: string;
  span: WireSpan;
  content: number;
};

/** What was noticed about an answer; none where nobody asked or it cannot be told. `promptLeak` is the share of the system prompt that the answer tells, `support` how much of the answer stands in the context, both from 0 to 1. */
export type WireAnswer = {
  remarks: WireRemark[];
  promptLeak: number | null;
  refused: boolean | null;
  language: string | null;
  support: number | null;
};

/** A call that may be made once until `expiresAt`; `digest` names tool and arguments. */
export type WireApproval = {
  tool: string;
  sessionId: string;
  digest: string;
  approvedBy: string;
  expiresAt: number;
};

/** One decision in the queue; `dueAt` is by when it should be settled. Times are Unix ms. */
export type WireCase = {
  id: string;
  reason: "policy" | "sample";
  state: "approved" | "claimed" | "open" | "rejected";
  openedAt: number;
  dueAt: number;
  overdue: boolean;
  request: WireEpisode;
  claimedBy: string | null;
  claimedUntil: number | null;
  settledBy: string | null;
  settledAt: number | null;
  comments: WireComment[];
};

/** One stretch that was changed: where it stood, where it stands, what was done and why. */
export type WireChange = {
  original: WireSpan;
  result: WireSpan;
  kind: string;
  reason: string;
  entity: string | null;
};

/** What somebody wrote. */
export type WireComment = {
  by: string;
  timestamp: number;
  text: string;
};

/** A check that did not run, and why. */
export type WireDegraded = {
  check: string;
  reason: string;
};

/** A deployment, and how far the nodes that it is for are. Times are Unix milliseconds. `reason` says why it holds no more, `verified` whether all claims were proved when it began. */
export type WireDeployment = {
  deploymentId: string;
  status: "deployed" | "deploying" | "failed";
  targetNodes: string[];
  syncStatus: Record<string, "failed" | "synced" | "syncing">;
  policyId: string;
  version: number;
  environment: "edge" | "production" | "staging";
  strategy: "canary" | "gradual" | "immediate";
  percentage: number;
  state: "live" | "replaced" | "rolled_back" | "rolling_out" | "withdrawn";
  verified: boolean;
  by: string;
  deployedAt: number;
  reason: string;
};

/** What changed between two versions: in the source, in plain words, in what is decided. `stricter` says that the new one allows nothing that the old one did not; `complete` that the search for differences left nothing out, and `reason` why it did. */
export type WireDiff = {
  policyId: string;
  old: number;
  new: number;
  source: string[];
  sentences: string[];
  equivalent: boolean;
  stricter: boolean;
  complete: boolean;
  differences: WireDifference[];
  reason: string;
};

/** One request that two versions decide differently. */
export type WireDifference = {
  request: Record<string, unknown>;
  old: "allow" | "block" | "flag" | "redact" | "review";
  new: "allow" | "block" | "flag" | "redact" | "review";
};

/** What was decided about a request, without its content. `timestamp` is in Unix milliseconds. `digest` names the content: equal contents of this installation have equal digests. */
export type WireEpisode = {
  requestId: string;
  timestamp: number;
  door: string;
  location: string;
  caller: string;
  direction: string;
  detected: boolean;
  verdict: string;
  action: "allow" | "block" | "flag" | "redact" | "review";
  enforced: boolean;
  category: string;
  severity: "critical" | "high" | "low" | "medium";
  confidence: number;
  microseconds: number;
  tiers: number[];
  policyVersion: string;
  digest: string;
  findings: WireEvidence[];
  degraded: WireDegraded[];
  userId: string | null;
  sessionId: string | null;
};

/** How much is gone, by kind; the audit log names the user by `digest` alone. */
export type WireErased = {
  digest: string;
  erased: Record<string, number>;
};

/** One finding as it is remembered; never the text. */
export type WireEvidence = {
  ruleId: string;
  category: string;
  severity: "critical" | "high" | "low" | "medium";
  score: number;
  span: WireSpan;
  content: number;
  mention: boolean;
  chain: string[];
};

/** A claim that does not hold, or was not proved; `counterexample` shows it where it is known. What it tells was replayed by the evaluator that decides real requests. */
export type WireFailure = {
  step: string;
  reason: string;
  counterexample: Record<string, unknown> | null;
};

/** Threats, oldest first, and where to go on. */
export type WireFeed = {
  threats: WireThreat[];
  cursor: number;
};

/** One word about a request. */
export type WireFeedback = {
  feedbackId: string;
  timestamp: number;
  by: string;
  source: "caller" | "review";
  groundTruth: "attack" | "benign";
  outcome: "FN" | "FP" | "TN" | "TP";
};

/** One piece of evidence; `content` says in which message or part. `entity` names the kind of private data or secret, such as `iban`. */
export type WireFinding = {
  category: string;
  span: WireSpan;
  score: number;
  severity: "critical" | "high" | "low" | "medium";
  ruleId: string;
  explanation: string;
  chain: string[];
  taxonomy: WireTaxonomy;
  mention: boolean;
  content: number;
  entity: string | null;
};

/** How far a job is; `result` is what would have been answered at once. Times are Unix ms. */
export type WireJob = {
  jobId: string;
  status: "done" | "failed" | "queued" | "running";
  createdAt: number;
  settledAt?: number | null;
  expiresAt?: number | null;
  problem?: string | null;
  result?: unknown | null;
};

/** A key as it may be seen: how it begins, never the whole. Times are Unix milliseconds. */
export type WireKey = {
  id: string;
  prefix: string;
  name: string;
  role: "admin" | "analyst" | "operator" | "service" | "viewer";
  permissions: string[];
  tenant: string;
  plan: "enterprise" | "free" | "pro";
  active: boolean;
  createdAt: number;
  expiresAt: number | null;
  rotatedAt: number | null;
  previousUntil: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
};

/** Keys in the order of their ids; `next` is what to ask for `after`, none at the end. */
export type WireKeyPage = {
  keys: WireKey[];
  next: string | null;
};

/** Time of inspection by percentile; none where nothing was decided. */
export type WireLatency = {
  p50: number | null;
  p95: number | null;
  p99: number | null;
  p999: number | null;
  timeseries: [number, number][];
};

/** What was collected to learn from. This version makes no skills of it. */
export type WireLearning = {
  episodesCollected: number;
  skillsGenerated: number;
  averageImprovement: number | null;
  reflexionCycles: number;
};

/** Those metrics that were asked for. */
export type WireMetrics = {
  throughput?: WireThroughput;
  latency?: WireLatency;
  accuracy?: WireAccuracy;
  learning?: WireLearning;
};

/** A key with its secret, which is told this once. */
export type WireNewKey = {
  key: string;
  details: WireKey;
};

/** What a version says, in plain sentences made from its source. */
export type WireParaphrase = {
  policyId: string;
  version: number;
  sentences: string[];
};

/** What a version would have decided about past requests, from `since` on. `skipped` were decided by policies, and what the profile alone said is not kept of them. */
export type WirePast = {
  policyId: string;
  version: number;
  since: number | null;
  decisions: number;
  skipped: number;
  changed: number;
  changes: WireShadowChange[];
  rules: WireRuleCount[];
  unjudged: WireUnjudged[];
};

/** A part of a message: `turn` counts those of the session, `index` those of the request. */
export type WirePiece = {
  turn: number;
  index: number | null;
  content: number;
  span: WireSpan;
};

/** A policy with one version. `digest` names its closed form. Times are Unix milliseconds. `stale` says why what was proved once does not count as proved any more. */
export type WirePolicy = {
  policyId: string;
  status: "failed" | "pending_verification" | "verified";
  leanSpecification: string;
  proofStatus: ProofStatus;
  deploymentStatus: "deployed" | "deploying" | "not_deployed";
  name: string;
  description: string;
  version: number;
  newestVersion: number;
  digest: string;
  source: string;
  verificationRequired: boolean;
  createdAt: number;
  createdBy: string;
  retiredAt: number | null;
  stale: string[];
  deployments: WireSlot[];
};

/** Cases, those first that are due first, and how full the queue is. */
export type WireQueue = {
  cases: WireCase[];
  open: number;
  claimed: number;
  overdue: number;
  oldestAt: number | null;
};

/** An event in its place in the chain. */
export type WireRecord = {
  number: number;
  timestamp: number;
  action: string;
  actor: string;
  target: string;
  details: Record<string, unknown>;
  previous: string;
  hash: string;
  keyId: string;
  signature: string;
};

/** Records in their order; `next` is what to ask for `after`, none at the end. */
export type WireRecords = {
  records: WireRecord[];
  next: number | null;
};

/** Something that a check of an answer noticed. */
export type WireRemark = {
  check: "canary" | "language" | "prompt" | "refusal" | "repetition" | "support";
  span: WireSpan;
  score: number;
  explanation: string;
  flags: boolean;
};

/** What holds after a deployment was undone. */
export type WireRollback = {
  policyId: string;
  environment: "edge" | "production" | "staging";
  version: number | null;
};

/** A rule as it says of itself; `paranoia` is the level from which it speaks. */
export type WireRule = {
  id: string;
  title: string;
  category: string;
  severity: "critical" | "high" | "low" | "medium";
  confidence: number;
  paranoia: number;
  status: string;
  entity: string | null;
  languages: string[];
  tags: string[];
};

/** How often a rule would have led; it stands behind the name of its policy. */
export type WireRuleCount = {
  rule: string;
  decisions: number;
};

/** Rules in the order of their ids; `next` is what to ask for `after`, none at the end. */
export type WireRulePage = {
  rules: WireRule[];
  next: string | null;
};

/** Who is signed in; `csrfToken` goes into `X-CSRF-Token` of whatever changes something. */
export type WireSession = {
  caller: string;
  role: "admin" | "analyst" | "operator" | "service" | "viewer";
  permissions: string[];
  tenant: string;
  plan: "enterprise" | "free" | "pro";
  expiresAt: number;
  csrfToken: string;
};

/** What a version that only watches would have decided; `examples` are ids of requests. */
export type WireShadow = {
  policyId: string;
  environment: "edge" | "production" | "staging";
  version: number | null;
  since: number | null;
  decisions: number;
  changed: number;
  changes: WireShadowChange[];
};

/** How often a version that only watches would have decided otherwise, or the same. */
export type WireShadowChange = {
  was: "allow" | "block" | "flag" | "redact" | "review";
  would: "allow" | "block" | "flag" | "redact" | "review";
  decisions: number;
  examples: string[];
};

/** What holds in one environment: `candidate` for its `percentage` of sessions, else `version`. `shadow` only watches. */
export type WireSlot = {
  environment: "edge" | "production" | "staging";
  version: number | null;
  deploymentId: string | null;
  candidate: number | null;
  candidateDeploymentId: string | null;
  strategy: "canary" | "gradual" | "immediate" | null;
  percentage: number;
  shadow: number | null;
};

/** Code points in the inspected content, half-open. */
export type WireSpan = {
  start: number;
  end: number;
};

/** All that is off; `generation` grows with every change. */
export type WireSwitches = {
  generation: number;
  off: WireThrown[];
};

/** What a session said together; `quarantined` are pointers to what must not go on. */
export type WireTalk = {
  risk: number;
  messages: WireTurn[];
  quarantined: string[];
  assembled: WireWhole[];
  reasons: string[];
};

/** Numbers in public catalogues. */
export type WireTaxonomy = {
  owaspLlm: string[];
  owaspAgentic: string[];
  atlas: string[];
  cwe: string[];
};

/** One threat, as the contract of the feed has it. */
export type WireThreat = {
  id: string;
  timestamp: number;
  category: string;
  severity: "critical" | "high" | "low" | "medium";
  location: string;
  details: WireEpisode;
};

/** Decisions a second. */
export type WireThroughput = {
  current: number;
  average: number;
  peak: number;
  timeseries: [number, number][];
};

/** A switch that is off: who did it, when, and why. */
export type WireThrown = {
  switch: string;
  by: string;
  reason: string;
  timestamp: number;
};

/** How long one step took. */
export type WireTiming = {
  step: string;
  microseconds: number;
};

/** What is known of one tool. */
export type WireTool = {
  name: string;
  server: string;
  pointer: string;
  sha256: string;
  capabilities: string[];
};

/** One thing wrong; `pointer` is a JSON pointer into what was handed in. */
export type WireToolFinding = {
  check: string;
  ruleId: string;
  category: string;
  severity: "critical" | "high" | "low" | "medium";
  action: "allow" | "block" | "flag" | "redact" | "review";
  score: number;
  explanation: string;
  pointer: string;
  server: string;
  tool: string;
  span: WireSpan | null;
  chain: string[];
  taxonomy: string[];
  event: number | null;
  source: number | null;
};

/** A message that is new in its session; `path` leads to it, in a text by its number. */
export type WireTurn = {
  path: string;
  action: "allow" | "block" | "flag" | "redact" | "review";
  category: string | null;
  quarantined: boolean;
};

/** A rule that could not be judged, and what it asks for that episodes do not hold. */
export type WireUnjudged = {
  rule: string;
  asks: string[];
};

/** What is known of the proofs of one version. Times are Unix milliseconds. */
export type WireVerification = {
  policyId: string;
  status: "failed" | "pending" | "proving" | "verified";
  progress: VerificationProgress;
  proofDetails: ProofDetails;
  failures: WireFailure[];
  version: number;
  run: number;
  stale: string[];
  requestedAt: number;
  settledAt: number | null;
  expiresAt: number | null;
};

/** What pieces of several messages say together. */
export type WireWhole = {
  how: "documents" | "parts" | "turns" | "variables";
  category: string | null;
  confidence: number;
  pieces: WirePiece[];
};

/** A window that ends at `timestamp`; decisions by action, category and door. */
export type WireWindow = {
  window: string;
  timestamp: number;
  metrics: WireMetrics;
  decisions: number;
  actions: Record<string, number>;
  categories: Record<string, number>;
  doors: Record<string, number>;
};

/** What holds in one process that serves. `failure` says why newer settings are not in force, `restart` which ones need a restart. */
export type WireWorker = {
  pid: number;
  phase: "draining" | "serving" | "starting";
  generation: number;
  policyVersion: string;
  loadedAt: number;
  failure: string;
  restart: string[];
};

/** All processes that serve. */
export type WireWorkers = {
  workers: WireWorker[];
};
