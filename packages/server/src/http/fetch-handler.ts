import { isServingError } from "@serving-kit/core";
import { errors } from "../errors.js";
import type { CallAllowance, CallBudget } from "../plugins/call-budget.js";
import {
  COMMON_HEADERS,
  CORS_HEADERS,
  DEFAULT_MAX_BODY_BYTES,
  type HttpApi,
  type HttpOptions,
  type OutgoingHttp,
} from "./http-api.js";
import { inflate } from "./inflate.js";
import { giveUp, webStream } from "./write-stream.js";

/** A request handler in terms of the Fetch API, for Hono and everything built on it. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** Makes the handler of all HTTP routes for the Fetch API. Paths without a route are 404. */
export function createFetchHandler(
  api: HttpApi,
  budget: CallBudget,
  { cors = false, maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: HttpOptions = {},
): FetchHandler {
  const respond = (answer: OutgoingHttp, method: string) => {
    const { status, contentType, headers, closesConnection } = answer;
    return new Response(webBody(answer, method), {
      status,
      headers: {
        ...COMMON_HEADERS,
        "Content-Type": contentType ?? "application/json",
        ...headers,
        ...(cors && CORS_HEADERS),
        ...(closesConnection && { Connection: "close" }),
      },
    });
  };

  return async (request) => {
    const { pathname: path, search, protocol } = new URL(request.url);
    using allowance = budget.open();
    const answer = await api.handle({
      method: request.method,
      path,
      search: search.slice(1),
      isSecure: protocol === "https:",
      headers: Object.fromEntries(request.headers),
      body: async () => {
        const encoding = request.headers.get("content-encoding") ?? "";
        const bytes = await readFetchBody(request, maxBodyBytes, allowance);
        return inflate(bytes, encoding, { limit: maxBodyBytes, allowance });
      },
      allowance,
      signal: request.signal,
    });
    return respond(answer, request.method);
  };
}

function webBody({ body, done }: OutgoingHttp, method: string) {
  if (body instanceof Uint8Array) {
    return body.length > 0 ? (body as Uint8Array<ArrayBuffer>) : null;
  }
  if (method !== "HEAD") return webStream(body, done);
  giveUp(body);
  done?.();
  return null;
}

async function readFetchBody(
  request: Request,
  limit: number,
  allowance: CallAllowance,
): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw errors.bodyTooLarge(limit);
  if (request.bodyUsed) throw errors.bodyConsumed();
  if (request.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body) {
      length += chunk.length;
      if (length > limit) break;
      allowance.receive(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    if (isServingError(error)) throw error;
    throw errors.bodyIncomplete(); // The underlying server has its own error for a client that disconnects.
  }
  if (length > limit) throw errors.bodyTooLarge(limit);
  const [first] = chunks;
  return chunks.length === 1 && first ? first : Buffer.concat(chunks, length);
}
