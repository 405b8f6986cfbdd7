import type { Code } from "@serving-kit/core";
import type { NativeFunction } from "@serving-kit/native-library";
import { OrtFailure } from "../ort-failure.js";
import type { Api } from "./api.js";

/** The canonical code of each `OrtErrorCode`, by number. */
const CODES: readonly Code[] = [
  "OK" as Code, // ORT_OK
  "INTERNAL", // ORT_FAIL
  "INVALID_ARGUMENT",
  "NOT_FOUND", // ORT_NO_SUCHFILE
  "FAILED_PRECONDITION", // ORT_NO_MODEL
  "INTERNAL", // ORT_ENGINE_ERROR
  "INTERNAL", // ORT_RUNTIME_EXCEPTION
  "DATA_LOSS", // ORT_INVALID_PROTOBUF
  "FAILED_PRECONDITION", // ORT_MODEL_LOADED
  "UNIMPLEMENTED", // ORT_NOT_IMPLEMENTED
  "INVALID_ARGUMENT", // ORT_INVALID_GRAPH
  "INTERNAL", // ORT_EP_FAIL
  "CANCELLED", // ORT_MODEL_LOAD_CANCELED
  "FAILED_PRECONDITION", // ORT_MODEL_REQUIRES_COMPILATION
  "NOT_FOUND", // ORT_NOT_FOUND
];

/** Converts the results of C API functions to values and errors. */
export class Statuses {
  readonly #api: Api;
  readonly #slot = new BigUint64Array(1);

  constructor(api: Api) {
    this.#api = api;
  }

  /** @throws OrtFailure if the status is not null. Frees the status. */
  check(status: bigint | null): void {
    if (status === null) return;
    const { GetErrorCode, GetErrorMessage, ReleaseStatus } = this.#api;
    const code = CODES[GetErrorCode(status)] ?? "UNKNOWN";
    const message = String(GetErrorMessage(status)).trim();
    ReleaseStatus(status);
    throw new OrtFailure(code, message);
  }

  /** Calls a function whose last argument is an output parameter, and returns its value. */
  out(fn: NativeFunction, ...args: unknown[]): bigint {
    this.#slot[0] = 0n;
    this.check(fn(...args, this.#slot));
    return this.#slot[0];
  }
}
