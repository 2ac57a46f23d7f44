// A small client for the API of an AI Defence gateway, over the fetch of whatever runs it.
import type {
  AnswerTo,
  ApprovalRequest,
  BatchItem,
  BatchResponse,
  CallRequest,
  CallResponse,
  DetectRequest,
  DetectResponse,
  FeedbackResponse,
  NeutralizeRequest,
  Options,
  Problem,
  Readiness,
  RedactRequest,
  RewriteResponse,
  ToolsRequest,
  ToolsResponse,
  TraceRequest,
  TraceResponse,
  WireApproval,
} from "./api.js";

export type * from "./api.js";

export interface ClientOptions {
  /** Where the gateway is, as `https://gateway.example.com`. */
  url?: string;
  apiKey?: string;
  /** How long one attempt may take. */
  timeoutMs?: number;
  /** How often what was not done, or harms nobody when done twice, is tried again. */
  retries?: number;
  /** The longest that a gateway may ask to wait before the error is raised instead. */
  waitMsMax?: number;
  fetch?: typeof globalThis.fetch;
}

export interface DetectOptions {
  direction?: DetectRequest["direction"];
  origin?: DetectRequest["origin"];
  context?: DetectRequest["context"];
  options?: Options;
  answers?: AnswerTo;
  signal?: AbortSignal;
}

type Signalled = { signal?: AbortSignal };
type Sent = { method: "GET" | "POST"; path: string; body?: unknown; repeatable?: boolean; signal?: AbortSignal | undefined };

/** What a gateway refuses, or what became of the way to it. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";

  constructor(
    message: string,
    /** The HTTP status; 0 where no answer came. */
    readonly status: number,
    /** The kind of the problem, as `limited` or `invalid-field`; `unreachable` and `timeout` are ours. */
    readonly kind: string,
    readonly problem?: Problem,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

export class Client {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #waitMsMax: number;
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: ClientOptions = {}) {
    this.#url = (options.url ?? "http://127.0.0.1:8080").replace(/\/+$/, "");
    this.#headers = { accept: "application/json", ...(options.apiKey ? { authorization: `Bearer ${options.apiKey}` } : {}) };
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#retries = options.retries ?? 2;
    this.#waitMsMax = options.waitMsMax ?? 5_000;
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /** Inspect a text, or the messages of a conversation together. */
  detect(content: DetectRequest["content"], { signal, ...asked }: DetectOptions = {}): Promise<DetectResponse> {
    return this.#send({ method: "POST", path: "/api/v2/detect", body: { content, ...asked }, signal });
  }

  /** Inspect many at once; each may have a name of its own as `id`. */
  detectBatch(requests: (string | BatchItem)[], { signal }: Signalled = {}): Promise<BatchResponse> {
    const items = requests.map((it) => (typeof it === "string" ? { content: it } : it));
    return this.#send({ method: "POST", path: "/api/v2/detect/batch", body: { requests: items }, signal });
  }

  /** Inspect tool definitions before a model is given them. */
  scanTools(tools: ToolsRequest["tools"], { signal }: Signalled = {}): Promise<ToolsResponse> {
    return this.#send({ method: "POST", path: "/api/v2/tools/scan", body: { tools }, signal });
  }

  /** Inspect a tool call before it is made. */
  checkCall(call: CallRequest, { signal }: Signalled = {}): Promise<CallResponse> {
    return this.#send({ method: "POST", path: "/api/v2/tools/call", body: call, signal });
  }

  /** Inspect the calls of a whole trace. */
  checkTrace(trace: TraceRequest, { signal }: Signalled = {}): Promise<TraceResponse> {
    return this.#send({ method: "POST", path: "/api/v2/tools/trace", body: trace, signal });
  }

  /** Put something else in the place of private data and secrets. */
  redact(request: RedactRequest, { signal }: Signalled = {}): Promise<RewriteResponse> {
    return this.#send({ method: "POST", path: "/api/v2/redact", body: request, signal });
  }

  /** Take out what nobody sees and make harmless what loads, runs or hides. */
  neutralize(request: NeutralizeRequest, { signal }: Signalled = {}): Promise<RewriteResponse> {
    return this.#send({ method: "POST", path: "/api/v2/neutralize", body: request, signal });
  }

  /** Let policies see a call as approved, once. It is not sent again once it may have arrived. */
  approveCall(approval: ApprovalRequest, { signal }: Signalled = {}): Promise<WireApproval> {
    return this.#send({ method: "POST", path: "/api/v2/approvals", body: approval, repeatable: false, signal });
  }

  /** Say what a content really was. It is not sent again once it may have arrived. */
  giveFeedback(requestId: string, groundTruth: "attack" | "benign", { signal }: Signalled = {}): Promise<FeedbackResponse> {
    return this.#send({ method: "POST", path: "/api/v2/feedback", body: { requestId, groundTruth }, repeatable: false, signal });
  }

  /** Tell that texts are inspected now, and which checks this gateway does not run. */
  ready({ signal }: Signalled = {}): Promise<Readiness> {
    return this.#send({ method: "GET", path: "/readyz", signal });
  }

  async #send<Told>(sent: Sent): Promise<Told> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once<Told>(sent);
      } catch (error) {
        const pause = error instanceof GatewayError ? this.#pause(error, attempt, sent.repeatable ?? true) : null;
        if (pause === null) throw error;
        await waited(pause, sent.signal);
      }
    }
  }

  async #once<Told>({ method, path, body, signal }: Sent): Promise<Told> {
    const late = AbortSignal.timeout(this.#timeoutMs);
    const headers = body === undefined ? this.#headers : { ...this.#headers, "content-type": "application/json" };
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(this.#url + path, {
        method,
        headers,
        signal: signal ? AbortSignal.any([signal, late]) : late,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      if (late.aborted) throw new GatewayError(`no answer from ${this.#url} within ${this.#timeoutMs} ms`, 0, "timeout");
      throw new GatewayError(`cannot reach ${this.#url}: ${reason(error)}`, 0, "unreachable");
    }
    const told = parsed(text);
    if (response.ok && told !== null && typeof told === "object") return told as Told;
    throw refusal(response, told);
  }

  /** How long to wait before the next attempt; null where there must be none. */
  #pause(error: GatewayError, attempt: number, repeatable: boolean): number | null {
    const undone = error.status === 429 || error.status === 503;
    if (attempt >= this.#retries || !(undone || (error.kind === "unreachable" && repeatable))) return null;
    if (error.retryAfterMs !== undefined) return error.retryAfterMs <= this.#waitMsMax ? error.retryAfterMs : null;
    return Math.min(5_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);
  }
}

function refusal(response: Response, told: unknown): GatewayError {
  const problem = told !== null && typeof told === "object" && "title" in told ? (told as Problem) : undefined;
  const kind = problem?.type?.split("/").at(-1) ?? "unknown";
  const after = response.headers.get("retry-after");
  const retryAfterMs = after !== null && /^\d{1,5}$/.test(after) ? Number(after) * 1000 : undefined;
  const detail = problem?.detail ?? problem?.title ?? "the answer is none of a gateway";
  return new GatewayError(`${response.status}: ${detail}`, response.status, kind, problem, retryAfterMs);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function waited(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
