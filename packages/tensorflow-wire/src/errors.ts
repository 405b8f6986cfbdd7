import { ServingError } from "@serving-kit/core";

/** The errors of this package, one factory for each reason. TF Serving's texts are unchanged. */
export const errors = {
  messageInvalid: (problem: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "MESSAGE_INVALID",
      `the request is not a valid protobuf message: ${problem}`,
    ),

  tensorInvalid: (name: string, problem: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "REQUEST_UNFIT",
      `tensor parsing error: ${name}: ${problem}`,
    ),
};
