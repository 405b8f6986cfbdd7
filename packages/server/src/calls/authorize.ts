import { isServingError, type ServingError } from "@serving-kit/core";
import { errors } from "../errors.js";
import type { Awaitable } from "../plugins/protocol.js";
import type { CallHeaders } from "../plugins/server-core.js";
import { denial } from "../refusal.js";

/** The request that `authorize` decides about. */
export interface AuthorizeRequest {
  /** HTTP headers or gRPC metadata, by names in lower case. */
  readonly metadata: CallHeaders;
  /** The address of the client, if the transport knows it. */
  readonly peer: string | undefined;
  readonly protocol: "http" | "grpc";
  /** `POST /v1/models/digits:predict`, or `/tensorflow.serving.PredictionService/Predict`. */
  readonly method: string;
  /** The called model. Undefined before the body is read, and for requests that call no model. */
  readonly model?: string;
}

/**
 * Decides whether to serve a request, over HTTP and gRPC. Called for each request before its body is read, and again
 * with the model before its body is decoded. `false` rejects the request with 403 (PERMISSION_DENIED). A thrown
 * ServingError becomes the response, so UNAUTHENTICATED is 401. Any other error is INTERNAL.
 */
export type Authorize = (request: AuthorizeRequest) => Awaitable<boolean>;

/** Authorizes one request: without a model before it is read, with the model before the call is decoded. */
export type CallAuthorizer = (model?: string) => Promise<void>;

/** Makes the function that authorizes one request. It rejects with PERMISSION_DENIED / NOT_AUTHORIZED. */
export const authorizer =
  (authorize: Authorize, request: AuthorizeRequest): CallAuthorizer =>
  async (model) => {
    let isAllowed: boolean;
    try {
      isAllowed = await authorize(model === undefined ? request : { ...request, model });
    } catch (error) {
      throw isDenial(error) ? denial(error) : error;
    }
    if (isAllowed !== true) throw errors.notAuthorized(request.method);
  };

/** True if the app denies the request with an error of its own, rather than fails to decide about it. */
const isDenial = (error: unknown): error is ServingError =>
  isServingError(error) && (error.code === "UNAUTHENTICATED" || error.code === "PERMISSION_DENIED");
