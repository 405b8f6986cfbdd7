import { errors } from "../errors.js";
import type { Awaitable } from "../plugins/protocol.js";
import type { CallHeaders } from "../plugins/server-core.js";

/** A request that `authorize` decides about. */
export interface AuthorizeRequest {
  /** HTTP headers or gRPC metadata, by names in lower case. */
  readonly metadata: CallHeaders;
  /** The address of the client, if the transport knows it. */
  readonly peer: string | undefined;
  readonly protocol: "http" | "grpc";
  /** `POST /v1/models/digits:predict`, or `/tensorflow.serving.PredictionService/Predict`. */
  readonly method: string;
  /** The model that is called. Undefined before anything is read, and for requests that call none. */
  readonly model?: string;
}

/**
 * Decides whether a request may be answered, over HTTP and gRPC. Called with each request before anything of it is
 * read, and again with the model before a call of it is decoded. `false` is 403 (PERMISSION_DENIED); a ServingError
 * that it throws is answered as it is, so UNAUTHENTICATED is 401. Any other error is INTERNAL.
 */
export type Authorize = (request: AuthorizeRequest) => Awaitable<boolean>;

/** Authorizes one request: without a model before it is read, with the model before the call is decoded. */
export type CallAuthorizer = (model?: string) => Promise<void>;

/** Makes what authorizes one request. It rejects with PERMISSION_DENIED / NOT_AUTHORIZED. */
export const authorizer =
  (authorize: Authorize, request: AuthorizeRequest): CallAuthorizer =>
  async (model) => {
    const isAllowed = await authorize(model === undefined ? request : { ...request, model });
    if (isAllowed !== true) throw errors.notAuthorized(request.method);
  };
