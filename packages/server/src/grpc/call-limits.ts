import type { ServerInterceptor } from "@grpc/grpc-js";
import type { LoopLimits } from "../limits/loop-limits.js";
import { type CallInternals, LimitedCall } from "./limited-call.js";

/**
 * Charges the bytes of each call to the server's memory as they arrive, before grpc-js joins them to messages. Limits
 * their decompressed size, reads at most 1 MB after the response, and closes calls whose request or response makes no
 * progress.
 */
export function callLimits(limits: LoopLimits): ServerInterceptor {
  return ({ path, requestStream, responseStream }, call) => {
    const { stream } = call as unknown as CallInternals;
    if (stream === undefined) return call as never;
    const kind = { requestStream, responseStream, isOwn: path.startsWith("/grpc.") };
    new LimitedCall(call, stream, kind, limits);
    return call as never;
  };
}
