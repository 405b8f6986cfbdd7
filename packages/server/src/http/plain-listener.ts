import { errors } from "../errors.js";
import { atEndOfTurn } from "./end-of-turn.js";
import {
  CORS_HEADERS,
  DEFAULT_MAX_BODY_BYTES,
  type HttpApi,
  type HttpOptions,
  type IncomingHttp,
} from "./http-api.js";
import { inflate } from "./inflate.js";
import type { ListenerHost } from "./node-listener.js";
import { writePlainAnswer } from "./plain-answer.js";
import type { PlainConnection } from "./plain-connection.js";
import type { PlainRequest } from "./plain-request.js";
import { targetOf } from "./request-target.js";

/** A handler of plain requests. */
export type PlainListener = (request: PlainRequest, connection: PlainConnection) => void;

/** Makes the handler of all HTTP routes for plain requests at the server's own listeners. */
export function createPlainListener(
  api: HttpApi,
  { logger, limits }: Pick<ListenerHost, "logger" | "limits">,
  { cors = false, maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: HttpOptions = {},
): PlainListener {
  const headers = cors ? CORS_HEADERS : undefined;
  return (request, connection) => {
    const { path, search } = targetOf(request.target);
    const allowance = limits.budget.open();
    const { host, "content-encoding": encoding } = request.headers;
    const incoming: IncomingHttp = {
      method: request.method,
      path,
      search,
      headers: request.headers,
      peer: connection.peer,
      body: () => {
        const { body } = request;
        if (body.length > maxBodyBytes) throw errors.bodyTooLarge(maxBodyBytes);
        allowance.receive(body.length);
        if (encoding === undefined) return body;
        return inflate(body, encoding, { limit: maxBodyBytes, allowance });
      },
      signal: connection.signal,
      allowance,
      isOwn: true,
      isSecure: connection.isSecure,
      isAllowed: connection.isAllowed(host),
    };
    void api.handle(incoming).then((answer) => {
      const writer = { headers, logger, answers: limits.answers, allowance };
      atEndOfTurn(() => writePlainAnswer(request, connection, answer, writer));
    });
  };
}
