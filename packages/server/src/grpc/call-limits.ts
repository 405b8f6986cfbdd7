import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import { CODES, isServingError, type ServingError } from "@serving-kit/core";
import { errors } from "../errors.js";
import { inflateMessage } from "../http/inflate.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import type { CallAllowance } from "../plugins/call-budget.js";
import { refusalOf } from "../refusal.js";
import { ReceivedParts } from "./received-parts.js";
import { WrittenParts } from "./written-parts.js";

/** Internals of a call of grpc-js 1.14, which may be absent in another version. */
interface CallInternals {
  readonly stream?: ServerHttp2Stream;
  readonly maxReceiveMessageSize?: number;
  /** Splits the received bytes into messages, and throws at the length of a message that is too large. */
  readonly decoder?: { write(data: Buffer): Buffer[] };
  decompressMessage?: (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;
}

const allowances = new WeakMap<object, CallAllowance>();

/** The allowance of a handler's call; undefined if it has none. */
export function allowanceOf(call: object): CallAllowance | undefined {
  const { stream } = (call as { readonly call?: CallInternals }).call ?? {};
  return stream && allowances.get(stream);
}

/**
 * Charges the bytes of each call to the server's memory as they arrive, before grpc-js joins them to messages. Limits
 * their decompressed size, reads at most 1 MB after the response, and closes calls whose request or response makes no
 * progress.
 */
export function callLimits(limits: LoopLimits): ServerInterceptor {
  return ({ path, requestStream, responseStream }, call) => {
    const internals = call as unknown as CallInternals;
    const { stream } = internals;
    if (stream === undefined) return call as never;
    const allowance = limits.budget.open();
    allowances.set(stream, allowance);
    // Health and reflection are the server's own streams, which are idle by design.
    const isOwn = path.startsWith("/grpc.");
    const parts = new WrittenParts(stream, limits.answers, responseStream && !isOwn);
    const isWatched = !responseStream && !isOwn;
    const received = new ReceivedParts(stream, isWatched ? limits.answers : undefined, {
      receive: (bytes) => allowance.receive(bytes),
      refuse: (error) => refuse(call, stream, error, limits),
    });
    stream.once("close", () => {
      allowance[Symbol.dispose]();
      parts[Symbol.dispose]();
      received[Symbol.dispose]();
    });
    countTooLarge(internals, limits);
    internals.decompressMessage = decompression(internals, { allowance, limits, requestStream });
    return call as never;
  };
}

/** Counts messages that grpc-js rejects for their length. */
function countTooLarge({ decoder }: CallInternals, limits: LoopLimits): void {
  const write = decoder?.write.bind(decoder);
  if (decoder === undefined || write === undefined) return;
  decoder.write = (data) => {
    try {
      return write(data);
    } catch (error) {
      limits.refused("body_too_large");
      throw error;
    }
  };
}

/** Ends a call whose message is not read further, and frees the bytes read so far. */
function refuse(
  call: ServerInterceptingCallInterface,
  stream: ServerHttp2Stream,
  error: ServingError,
  limits: LoopLimits,
): void {
  countRefusal(error, limits);
  stream.once("finish", () => stream.close());
  call.sendStatus({ code: CODES[error.code], details: error.message });
}

function countRefusal({ reason }: ServingError, limits: LoopLimits): void {
  const kind = refusalOf(reason);
  if (kind !== undefined) limits.refused(kind);
}

/** Decompresses a message as grpc-js does, within the allowance of its call. */
function decompression(
  { maxReceiveMessageSize = -1 }: CallInternals,
  {
    allowance,
    limits,
    requestStream,
  }: {
    readonly allowance: CallAllowance;
    readonly limits: LoopLimits;
    readonly requestStream: boolean;
  },
): NonNullable<CallInternals["decompressMessage"]> {
  const limit = maxReceiveMessageSize === -1 ? Number.POSITIVE_INFINITY : maxReceiveMessageSize;
  return (message, encoding) => {
    // Only the last message of a stream is held: grpc-js reads the next one when the handler requests it.
    if (requestStream) allowance.answer(message.length);
    const content = message.subarray(5);
    if (encoding === "identity") return content;
    return inflateMessage(content, encoding, { limit, allowance }).catch((cause: unknown) => {
      const error = isServingError(cause) ? cause : errors.bodyUnreadable(cause);
      countRefusal(error, limits);
      throw { code: CODES[error.code], details: error.message, metadata: null };
    });
  };
}
