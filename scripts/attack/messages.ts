import { field, varint } from "../../bench/predict-request.js";

export const PREDICT = "/tensorflow.serving.PredictionService/Predict";
export const CLASSIFY = "/tensorflow.serving.PredictionService/Classify";
export const RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest";
export const ECHO_ASK = "/echo.Echo/Ask";
export const ECHO_REPEAT = "/echo.Echo/Repeat";

/** The prefix of a gRPC message of this length. */
export function prefix(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

const spec = (model: string) => field(1, field(1, Buffer.from(model)));

/** A shape of TensorProto. */
export const shape = (...sizes: readonly number[]): Buffer =>
  field(
    2,
    Buffer.concat(sizes.map((size) => field(2, Buffer.concat([Buffer.of(8), varint(size)])))),
  );

/** A PredictRequest with one tensor. */
export const predictRequest = (input: string, tensor: Buffer, model: string): Buffer =>
  Buffer.concat([
    spec(model),
    field(2, Buffer.concat([field(1, Buffer.from(input)), field(2, tensor)])),
  ]);

/** A ClassificationRequest with a list of examples. */
export const classifyRequest = (list: Buffer, model: string): Buffer =>
  Buffer.concat([spec(model), field(2, field(1, list))]);

/** A ReloadConfigRequest with models at base paths. */
export function reloadRequest(models: ReadonlyMap<string, string>): Buffer {
  const configs = [...models].map(([name, path]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(path))])),
  );
  return field(1, field(1, Buffer.concat(configs)));
}

/** A message of `echo` that asks a model with these fields for values. */
export const echoValues = (model: string, ...fields: readonly Buffer[]): Buffer =>
  Buffer.concat([field(1, Buffer.from(model)), ...fields]);

/** Packed floats as a field of `echo`. */
export const packedFloats = (...values: readonly number[]): Buffer =>
  field(2, Buffer.from(Float32Array.from(values).buffer));
