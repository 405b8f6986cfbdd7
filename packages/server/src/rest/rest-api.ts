import type { ServableRequest } from "@serving-kit/core";
import type { CallHeaders } from "../calls/call-observer.js";
import { observed } from "../calls/observed.js";
import { errors } from "../errors.js";
import type { InFlight } from "../listening/in-flight.js";
import type { CallContext, ServerCore } from "../server-core.js";
import { statusOfFailure } from "../status-mapping.js";
import { restClassify } from "./classify.js";
import { modelMetadata } from "./metadata.js";
import { modelList, modelStatus } from "./model-status.js";
import { restPredict } from "./predict.js";
import { restRegress } from "./regress.js";
import { matchRoute, type Route } from "./router.js";

/** A request of the REST API, of whatever HTTP server. */
export interface RestRequest {
  readonly method: string;
  /** Without query, and without the prefix that the API is mounted under. */
  readonly path: string;
  readonly headers: CallHeaders;
  /** Reads the body, inflated; called at most once, and only for a request that has one. */
  body(): Uint8Array | Promise<Uint8Array>;
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal;
}

/** An answer of the REST API, always with a body. */
export interface RestResponse {
  readonly status: number;
  /** Default `application/json`. */
  readonly contentType?: string;
  readonly body: Buffer;
  /** Whether the connection should be closed after the answer. */
  readonly closesConnection?: boolean;
}

/** A page beside the API, such as metrics: answered to GET at one path, also while closing. */
export interface RestPage {
  /** Case-sensitive. */
  readonly path: string;
  readonly contentType: string;
  read(): Promise<Buffer>;
}

/** What of the REST API can be chosen. */
export interface RestOptions {
  /** Allows browsers of any origin: `Access-Control-Allow-Origin: *`. Default false. */
  readonly cors?: boolean;
  /**
   * After how many milliseconds a prediction is given up with 504; the predictor is given it as
   * `deadlineAtMs`, and has to heed it. Default 30,000.
   */
  readonly timeoutMs?: number;
  /** The greatest body in bytes, before and after inflating; a greater one is 413. Default 100 MiB. */
  readonly maxBodyBytes?: number;
}

/** The default of `timeoutMs`, TF Serving's. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** The default of `maxBodyBytes`: what TF Serving inflates at most. */
export const DEFAULT_MAX_BODY_BYTES = 100 * 2 ** 20;

/** The headers of every answer when CORS is on. */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "POST, GET",
  "Access-Control-Allow-Headers": "Content-Type",
} as const;

const API_NAMES = { predict: "Predict", classify: "Classify", regress: "Regress" } as const;

/**
 * TF Serving's REST API over a server core, for no HTTP server in particular.
 *
 * Never rejects: what is thrown becomes `{"error": "…"}` with the status of its code. What nobody
 * foresaw is 500; the log, where there is one, has it with its stack, under an id that the answer has too.
 */
export class RestApi {
  readonly #core: ServerCore;
  readonly #inFlight: InFlight;
  readonly #timeoutMs: number;
  readonly #page: RestPage | undefined;

  constructor(
    core: ServerCore,
    inFlight: InFlight,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: RestOptions = {},
    page?: RestPage,
  ) {
    this.#page = page;
    this.#core = core;
    this.#inFlight = inFlight;
    this.#timeoutMs = timeoutMs;
  }

  /** Answers a request; refuses it with 503 while the server is closing, unless it asks for health. */
  async handle(request: RestRequest): Promise<RestResponse> {
    const inFlight = this.#inFlight;
    let answer: RestResponse;
    inFlight.begin();
    try {
      answer = await this.#answer(request);
    } catch (error) {
      answer = this.#failure(error);
    }
    inFlight.end();
    return this.#closing(answer);
  }

  /** Whether a path is that of the page beside the API. */
  isPage(path: string): boolean {
    return this.#page !== undefined && path === this.#page.path;
  }

  #failure(error: unknown): RestResponse {
    const { httpStatus, message } = statusOfFailure(error, this.#core.logger, "a REST request");
    return { status: httpStatus, body: json({ error: message }) };
  }

  /** The answer for a path that is no part of the API. */
  notFound(path: string): RestResponse {
    return this.#closing({ status: 404, body: json({ error: `Not found: ${path}` }) });
  }

  /** The answer, after which the connection is closed if the server is about to close. */
  #closing(answer: RestResponse): RestResponse {
    return this.#inFlight.isLeaving ? { ...answer, closesConnection: true } : answer;
  }

  #answer(request: RestRequest): RestResponse | Promise<RestResponse> {
    const core = this.#core;
    const page = this.#page;
    if (page && request.path === page.path) {
      if (request.method !== "GET" && request.method !== "HEAD") {
        throw errors.malformedRequest(request.method, request.path);
      }
      return page.read().then((body) => ({ status: 200, contentType: page.contentType, body }));
    }
    const route = matchRoute(request.method, request.path);
    const isHealth = route.kind === "live" || route.kind === "ready";
    if (this.#inFlight.isClosing && !isHealth) throw errors.serverClosing();
    switch (route.kind) {
      case "predict":
      case "classify":
      case "regress":
        return this.#run(route, request);
      case "status":
        return { status: 200, body: lines(modelStatus(core, route.request)) };
      case "metadata":
        return { status: 200, body: lines(modelMetadata(core, route.request)) };
      case "list":
        return { status: 200, body: lines(modelList(core)) };
      case "live":
        return { status: 200, body: json({ live: true }) };
      case "ready": {
        const ready = core.isReady();
        return { status: ready ? 200 : 503, body: json({ ready }) };
      }
      case "preflight":
        if (!/https?:\/\//.test(String(request.headers.origin))) throw errors.originMissing();
        return { status: 200, body: Buffer.alloc(0) };
    }
  }

  async #run(
    { kind, request }: Route & { readonly kind: "predict" | "classify" | "regress" },
    { body, headers, signal }: RestRequest,
  ): Promise<RestResponse> {
    const core = this.#core;
    const api = API_NAMES[kind];
    let bytes: Uint8Array;
    try {
      bytes = await body();
    } catch (error) {
      core.observer?.begin(request.name, api, () => headers).end(error);
      throw error;
    }
    const deadlineAtMs = core.clock.now() + this.#timeoutMs;
    const context: CallContext = { deadlineAtMs, signal, headers: () => headers };
    const answer = await observed(core, request.name, api, context, (watched) =>
      run(kind, core, request, bytes, watched),
    );
    return { status: 200, body: answer };
  }
}

function run(
  kind: keyof typeof API_NAMES,
  core: ServerCore,
  request: ServableRequest,
  bytes: Uint8Array,
  context: CallContext,
): Promise<Buffer> {
  if (kind === "predict") return restPredict(core, request, bytes, context);
  if (kind === "classify") return restClassify(core, request, bytes, context);
  return restRegress(core, request, bytes, context);
}

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** A line for each value, as protobuf's printer writes them: scripts look for `"state": "AVAILABLE"`. */
const lines = (value: object): Buffer => Buffer.from(`${JSON.stringify(value, null, 1)}\n`);
