import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { ReceivedHttp, SentHttp } from "./protocol-options.js";

/** Sends the headers of a request, and its body unless `holdsBody`. The caller closes the connection. */
export function send(port: number, sent: SentHttp, holdsBody = false): ClientRequest {
  const { path, headers, body, method = body ? "POST" : "GET" } = sent;
  const length = body && { "content-length": String(body.length) };
  const sending = request({
    ...{ host: "127.0.0.1", port, method, path, agent: false },
    headers: { ...length, ...headers },
  });
  sending.on("error", () => {}); // the missing response shows the error too
  if (holdsBody) sending.flushHeaders();
  else sending.end(body);
  return sending;
}

/** Waits for the headers of a response, without reading it. Rejects if the connection closes before. */
export async function responseOf(sending: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sending, "response")) as [IncomingMessage];
  response.on("error", () => {});
  return response;
}

/** Reads a response to its end. Rejects if it is truncated. */
export async function received(response: IncomingMessage): Promise<ReceivedHttp> {
  const parts: Uint8Array[] = [];
  for await (const part of response) parts.push(part);
  const { statusCode: status = 0, headers } = response;
  return { status, headers, body: Buffer.concat(parts) };
}
