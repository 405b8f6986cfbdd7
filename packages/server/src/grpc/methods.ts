import type { EventEmitter } from "node:events";
import {
  Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { type Clock, CODES, type Logger } from "@serving-kit/core";
import { inferenceErrors } from "@serving-kit/inference";
import { type Authorize, authorizer, type CallAuthorizer } from "../calls/authorize.js";
import { errors } from "../errors.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import type { InFlight } from "../listening/in-flight.js";
import type { CallAllowance } from "../plugins/call-budget.js";
import type { GrpcMethod } from "../plugins/protocol.js";
import type { CallContext, CallHeaders } from "../plugins/server-core.js";
import { type ErrorStatus, statusOfFailure } from "../status-mapping.js";
import { limitedCallOf } from "./limited-call.js";

type Bytes = Uint8Array;
type AnyCall =
  | ServerUnaryCall<Bytes, Bytes>
  | ServerReadableStream<Bytes, Bytes>
  | ServerWritableStream<Bytes, Bytes>
  | ServerDuplexStream<Bytes, Bytes>;
type Callback = (error: unknown, answer?: Bytes) => void;

/** The parts of an event loop that gRPC methods use. */
export interface MethodHost {
  readonly inFlight: InFlight;
  readonly limits: LoopLimits;
  readonly authorize: Authorize | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The definition of a method whose messages are bytes, which the handler decodes. */
export function rawMethod(
  service: string,
  name: string,
  streams: { readonly request?: boolean; readonly response?: boolean } = {},
): MethodDefinition<Bytes, Bytes> {
  return {
    path: `/${service}/${name}`,
    requestStream: streams.request ?? false,
    responseStream: streams.response ?? false,
    requestSerialize: asBuffer,
    requestDeserialize: asIs,
    responseSerialize: asBuffer,
    responseDeserialize: asIs,
  };
}

/** The definition of a protocol's method. */
export function definitionOf(service: string, name: string, { kind }: GrpcMethod) {
  return rawMethod(service, name, {
    request: kind === "clientStream" || kind === "bidiStream",
    response: kind === "serverStream" || kind === "bidiStream",
  });
}

/**
 * Makes a grpc-js handler from a protocol's method: counts the call as in flight, rejects it while the server is
 * closing, passes on its deadline and cancellation, and turns thrown errors into a status.
 */
export function handlerOf(host: MethodHost, method: GrpcMethod): UntypedHandleCall {
  const handle = (call: AnyCall, callback?: Callback) =>
    void answer(host, call, async (context) => {
      switch (method.kind) {
        case "unary":
          callback?.(null, await method.handle((call as { request: Bytes }).request, context));
          return;
        case "clientStream":
          callback?.(null, await method.handle(requestsOf(call), context));
          return;
        case "serverStream":
          await writeAll(call, method.handle((call as { request: Bytes }).request, context));
          return;
        case "bidiStream":
          await writeAll(call, method.handle(requestsOf(call), context));
      }
    }).catch((status) =>
      callback ? callback(status) : (call as { emit: EmitError }).emit("error", status),
    );
  return handle as UntypedHandleCall;
}

/** The messages of a client. The call outlives them, because its response comes last. */
function requestsOf(call: AnyCall): AsyncIterable<Bytes> {
  return (call as ServerDuplexStream<Bytes, Bytes>).iterator({ destroyOnReturn: false });
}

type EmitError = (event: "error", status: unknown) => void;

/** Runs a method. Rejects with the status of its failure. */
async function answer(
  { inFlight, limits, authorize, clock, logger }: MethodHost,
  call: AnyCall,
  run: (context: CallContext) => Promise<void>,
): Promise<void> {
  inFlight.begin();
  const gone = new AbortController();
  const context = new GrpcContext(call, clock, gone.signal);
  // grpc-js cancels a call at its deadline too.
  const abort = () =>
    gone.abort(context.isOverdue ? inferenceErrors.deadlineExceeded() : errors.clientGone());
  const events = call as EventEmitter;
  events.once("cancelled", abort);
  try {
    if (inFlight.isClosing) throw errors.serverClosing();
    if (authorize) await context.authorizeBy(authorize, call.getPath());
    await run(context);
  } catch (error) {
    gone.abort(error); // A run that ignores its deadline may still obey its signal.
    const status = statusOfFailure(error, logger, call.getPath());
    if (status.refusal !== undefined) limits.refused(status.refusal);
    throw grpcStatus(status);
  } finally {
    // grpc-js reports the end of every call as a cancellation.
    events.off("cancelled", abort);
    inFlight.end();
  }
}

/** Writes messages no faster than the client reads them, until the last message or until the client disconnects. */
async function writeAll(call: AnyCall, messages: AsyncIterable<Bytes>): Promise<void> {
  const stream = call as ServerWritableStream<Bytes, Bytes>;
  const parts = messages[Symbol.asyncIterator]();
  let wake: (error?: unknown) => void = () => {};
  const onEnd = () => wake(errors.clientGone());
  stream.once("cancelled", onEnd);
  const wait = <T>(
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ) =>
    new Promise<T>((resolve, reject) => {
      wake = reject;
      if (stream.cancelled) onEnd();
      else start(resolve, reject);
    });
  try {
    for (;;) {
      const part = await wait<IteratorResult<Bytes>>((resolve, reject) => {
        parts.next().then(resolve, reject);
      });
      if (part.done) break;
      if (!stream.write(part.value)) {
        await wait<void>((resolve) => stream.once("drain", () => resolve()));
      }
    }
    stream.end();
  } finally {
    stream.off("cancelled", onEnd);
    void Promise.resolve(parts.return?.()).catch(() => {});
  }
}

/** The limits of a gRPC call. */
class GrpcContext implements CallContext {
  readonly deadlineAtMs: number | undefined;
  readonly signal: AbortSignal;
  readonly allowance: CallAllowance | undefined;
  authorize: CallAuthorizer | undefined;
  readonly #call: AnyCall;

  constructor(call: AnyCall, clock: Clock, signal: AbortSignal) {
    this.#call = call;
    this.signal = signal;
    this.allowance = limitedCallOf(call)?.allowance;
    const deadline = Number(call.getDeadline());
    // grpc-js has the deadline as a time of day; the remaining time is measured on the server's Clock.
    this.deadlineAtMs = Number.isFinite(deadline)
      ? clock.now() + (deadline - Date.now()) // no Clock: the deadline is a time of day
      : undefined;
  }

  /** Returns whether the deadline has passed. The timers of grpc-js may fire up to a millisecond early. */
  get isOverdue(): boolean {
    return Number(this.#call.getDeadline()) <= Date.now() + 1; // no Clock: a time of day
  }

  /** Read lazily: few calls need it, and Node reaches the socket of an HTTP/2 connection through a Proxy. */
  get peer(): string {
    return this.#call.getPeer();
  }

  get headers(): CallHeaders {
    return this.#call.metadata.getMap() as CallHeaders;
  }

  /** Authorizes the call before any of it is used, and again when its model is known. */
  async authorizeBy(authorize: Authorize, method: string): Promise<void> {
    const { headers: metadata, peer } = this;
    this.authorize = authorizer(authorize, { metadata, peer, protocol: "grpc", method });
    await this.authorize();
  }
}

/** Maximum length in bytes of a message that TF Serving sends. */
const MAX_MESSAGE_BYTES = 1024;

/** The part of an error that the client receives: its code, and its message truncated as in TF Serving. */
export function grpcStatus({
  code,
  message,
  retryAfterMs,
}: Pick<ErrorStatus, "code" | "message" | "retryAfterMs">) {
  const bytes = Buffer.from(message);
  const end = bytes.length > MAX_MESSAGE_BYTES ? "...TRUNCATED" : "";
  // A partial character, truncated or received, cannot be sent in a header: it is decoded to U+FFFD.
  const details = bytes.toString("utf8", 0, MAX_MESSAGE_BYTES) + end;
  const metadata = new Metadata();
  // The delay for clients with a retry policy: gRPC's form of Retry-After.
  if (retryAfterMs !== undefined) metadata.set("grpc-retry-pushback-ms", String(retryAfterMs));
  return { code: CODES[code], details, metadata };
}

const asIs = (bytes: Buffer): Bytes => bytes;

const asBuffer = (bytes: Bytes): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
