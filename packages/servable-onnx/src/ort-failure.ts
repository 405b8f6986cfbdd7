import type { Code } from "@serving-kit/core";

/** Maximum length of a message; longer messages are truncated. */
const MAX_MESSAGE = 2_000;

/** A failure that ONNX Runtime reported. */
export class OrtFailure extends Error {
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message);
    this.code = code;
  }
}
