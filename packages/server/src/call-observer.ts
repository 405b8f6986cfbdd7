import type { ServableId } from "@serving-kit/core";
import type { PredictCall } from "./predict-call.js";

/** The calls that are observed, by the names that TF Serving's metrics give them. */
export type CallApi = "Predict" | "Classify" | "Regress";

/** What watches one call from its beginning to its end. Nothing of it throws or waits. */
export interface CallObservation {
  /** The call has been read and the model is about to run; `call` is only lent. */
  running(id: ServableId, call: PredictCall): void;
  /** The model has answered. */
  ran(): void;
  /** The call is over; without `error` it succeeded. To be called once. */
  end(error?: unknown): void;
}

/** What watches the calls of one transport: metrics and the request log. */
export interface CallObserver {
  /** A call of the model of this name begins. */
  begin(model: string, api: CallApi): CallObservation;
}
