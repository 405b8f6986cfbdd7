import { formatServableId, type ServableId, ServingError } from "@serving-kit/core";
import { shortened } from "../shown-text.js";

/** The errors of requests and calls. */
export const requestErrors = {
  bodyTooLarge: (limit: number) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "BODY_TOO_LARGE",
      `the request body is larger than the server's limit of ${limit} bytes`,
      { status: 413 },
    ),

  bodyIncomplete: () =>
    new ServingError("CANCELLED", "BODY_INCOMPLETE", "the connection closed before the body ended"),

  bodyUnreadable: (cause: unknown) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "BODY_UNREADABLE",
      "the request body is not valid gzip data although its Content-Encoding says gzip",
      { cause },
    ),

  bodyConsumed: () =>
    new ServingError(
      "INTERNAL",
      "BODY_CONSUMED",
      "an earlier middleware read the request body and left nothing in req.body; mount " +
        "server.rest before it",
    ),

  inflatesTooMuch: (ratio: number) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "BODY_INFLATES_TOO_MUCH",
      `the compressed body decompresses to more than ${ratio} times its size; send it uncompressed`,
      { status: 413 },
    ),

  encodingUnsupported: (encoding: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "ENCODING_UNSUPPORTED",
      `Content-Encoding: expected gzip or identity; got ${JSON.stringify(encoding)}`,
    ),

  hostNotAllowed: (host: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "HOST_NOT_ALLOWED",
      `Host ${JSON.stringify(shortened(String(host)))}: expected an address or localhost on a loopback address; ` +
        "allow other names with --allowed_hosts (limits.allowedHosts)",
      { status: 421 },
    ),

  notAuthorized: (method: string) =>
    new ServingError(
      "PERMISSION_DENIED",
      "NOT_AUTHORIZED",
      `this client is not allowed to call ${shortened(method)}`,
    ),

  requestTooCostly: (limit: number) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "REQUEST_TOO_COSTLY",
      `the request would need more than ${limit} bytes of memory: expected at most ten times its body or 32 MiB, and ` +
        "no more than --max_request_memory (limits.requestMemoryBytes). Send fewer elements per request",
      { status: 413 },
    ),

  memorySpent: (limit: number) =>
    new ServingError(
      "UNAVAILABLE",
      "MEMORY_SPENT",
      `the requests in flight use all ${limit} bytes of request memory ` +
        "(--max_request_memory, limits.requestMemoryBytes); try again later",
      { details: { retryAfterMs: 1_000 } },
    ),

  respondMissing: (id: ServableId) =>
    new ServingError(
      "UNIMPLEMENTED",
      "FORMAT_UNSUPPORTED",
      `${formatServableId(id)}: expected tensors, because the model has signatures; got a body. Call predict`,
    ),

  callUnlocated: () =>
    new ServingError(
      "INTERNAL",
      "CALL_UNFIT",
      "call: expected `servable`, or `locate` to read it from the body; got neither",
    ),

  callEnded: () =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CALL_ENDED",
      "the call has already ended, for instance at its deadline: await all of its work within `run`",
    ),

  clientGone: () =>
    new ServingError("CANCELLED", "CLIENT_GONE", "the client closed the connection"),
};
