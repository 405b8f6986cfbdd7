import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import { CODES } from "@serving-kit/core";
import type { CallHeaders } from "../calls/call-observer.js";
import { errors } from "../errors.js";
import type { CallContext } from "../server-core.js";
import { type ErrorStatus, statusOfFailure } from "../status-mapping.js";
import type { GrpcHost } from "./grpc-host.js";

/** Answers the bytes of a request with the bytes of a response. */
export type UnaryHandler = (
  request: Uint8Array,
  context: CallContext,
) => Uint8Array | Promise<Uint8Array>;

type Bytes = Uint8Array;

/** The definition of a method whose messages are bytes: what they mean, the handler reads. */
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

/**
 * Makes a grpc-js handler of a UnaryHandler: counts the call as in flight, refuses it while the
 * server is closing, passes on its deadline and its end, and answers whatever is thrown with a status.
 */
export function unary(host: GrpcHost, handler: UnaryHandler): handleUnaryCall<Bytes, Bytes> {
  const { core, inFlight } = host;
  return async (call, callback) => {
    inFlight.begin();
    const gone = new AbortController();
    const abort = () => gone.abort(errors.clientGone());
    call.once("cancelled", abort);
    try {
      if (inFlight.isClosing) throw errors.serverClosing();
      callback(null, await handler(call.request, contextOf(call, host, gone.signal)));
    } catch (error) {
      gone.abort(error); // a run that ignores its deadline may still obey its signal
      callback(grpcStatus(statusOfFailure(error, core.logger, call.getPath())));
    } finally {
      // grpc-js tells the end of every call as a cancellation.
      call.off("cancelled", abort);
      inFlight.end();
    }
  };
}

/** How much of a message TF Serving sends, in bytes. */
const MAX_MESSAGE_BYTES = 1024;

/** What goes to the client of an error: its code, and its message as far as TF Serving sends it. */
export function grpcStatus({ code, message }: Pick<ErrorStatus, "code" | "message">) {
  const bytes = Buffer.from(message);
  const end = bytes.length > MAX_MESSAGE_BYTES ? "...TRUNCATED" : "";
  // Half a character, cut or received, could not be sent in a header: it is decoded to U+FFFD.
  const details = bytes.toString("utf8", 0, MAX_MESSAGE_BYTES) + end;
  return { code: CODES[code], details, metadata: new Metadata() };
}

function contextOf(
  call: ServerUnaryCall<Bytes, Bytes>,
  { core }: GrpcHost,
  signal: AbortSignal,
): CallContext {
  const headers = core.observer && (() => call.metadata.getMap() as CallHeaders);
  const peer = call.getPeer();
  const deadline = Number(call.getDeadline());
  if (!Number.isFinite(deadline)) return { signal, headers, peer };
  // grpc-js gives the time of day; what is left of it counts on the server's Clock.
  const leftMs = deadline - Date.now();
  return { signal, deadlineAtMs: core.clock.now() + leftMs, headers, peer };
}

const asIs = (bytes: Buffer): Bytes => bytes;

const asBuffer = (bytes: Bytes): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
