import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import { CODES, isServingError, type ServingError } from "@serving-kit/core";
import { errors } from "../errors.js";
import { inflateMessage } from "../http/inflate.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import type { CallAllowance } from "../plugins/call-budget.js";
import { refusalOf } from "../refusal.js";
import { WrittenParts } from "./written-parts.js";

/** What a call of grpc-js 1.14 keeps to itself; of another version it may not be there. */
interface CallInternals {
  readonly stream?: ServerHttp2Stream;
  readonly maxReceiveMessageSize?: number;
  decompressMessage?: (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;
}

const allowances = new WeakMap<object, CallAllowance>();

/** The allowance of a call of a handler: undefined if it has none. */
export function allowanceOf(call: object): CallAllowance | undefined {
  const { stream } = (call as { readonly call?: CallInternals }).call ?? {};
  return stream && allowances.get(stream);
}

/**
 * Counts the bytes of each call as they arrive against the memory of the server, before grpc-js has joined them to
 * messages; bounds what they inflate to; and watches answers that do not leave.
 */
export function callLimits(limits: LoopLimits): ServerInterceptor {
  return ({ path, requestStream, responseStream }, call) => {
    const internals = call as unknown as CallInternals;
    const { stream } = internals;
    if (stream === undefined) return call as never;
    const allowance = limits.budget.open();
    allowances.set(stream, allowance);
    // Health and reflection are streams of the server itself, idle by design.
    const isStream = responseStream && !path.startsWith("/grpc.");
    const parts = new WrittenParts(stream, limits.answers, isStream);
    stream.once("close", () => {
      allowance[Symbol.dispose]();
      parts[Symbol.dispose]();
    });
    // grpc-js has its own listener before this one, and has paused the stream.
    stream.on("data", (chunk: Buffer) => {
      try {
        allowance.receive(chunk.length);
      } catch (error) {
        refuse(call, stream, error as ServingError, limits);
      }
    });
    internals.decompressMessage = decompression(internals, allowance, requestStream);
    return call as never;
  };
}

/** Answers a call whose message is not read further, and reads no more of it. */
function refuse(
  call: ServerInterceptingCallInterface,
  stream: ServerHttp2Stream,
  error: ServingError,
  limits: LoopLimits,
): void {
  const kind = refusalOf(error.reason);
  if (kind !== undefined) limits.refused(kind);
  stream.removeAllListeners("data");
  call.sendStatus({ code: CODES[error.code], details: error.message });
  stream.once("finish", () => stream.close());
}

/** Inflates a message as grpc-js does, within the allowance of its call. */
function decompression(
  { maxReceiveMessageSize = -1 }: CallInternals,
  allowance: CallAllowance,
  isRequestStream: boolean,
): NonNullable<CallInternals["decompressMessage"]> {
  const limit = maxReceiveMessageSize === -1 ? Number.POSITIVE_INFINITY : maxReceiveMessageSize;
  return (message, encoding) => {
    // Of a stream of messages only the last is here: grpc-js reads the next when the handler wants it.
    if (isRequestStream) allowance.answer(message.length);
    const content = message.subarray(5);
    if (encoding === "identity") return content;
    return inflateMessage(content, encoding, { limit, allowance }).catch((error: unknown) => {
      const { code, message: details } = isServingError(error)
        ? error
        : errors.bodyUnreadable(error);
      throw { code: CODES[code], details, metadata: null };
    });
  };
}
