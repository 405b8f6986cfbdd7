import { isServingError } from "@serving-kit/core";
import { NUMERIC_DTYPES, type Tensor } from "@serving-kit/inference";
import { viewMemory } from "@serving-kit/native-library";
import { openModel } from "../../src/load-model.js";
import { readModelFile } from "../../src/model-file.js";
import type { Binding } from "../../src/model-signature.js";
import { OK } from "../../src/native/bindings.js";
import { ErrorReporter } from "../../src/native/error-reporter.js";
import { openTflite } from "../../src/native/library.js";
import { encodeStrings } from "../../src/native/string-tensor.js";
import type { Outcome, Task } from "./run-in-children.js";

// The child process of runInChildren.
process.on("message", async (task: Task | "end") => {
  if (task === "end") return process.exit(0);
  process.send?.(await (task.runner === "kit" ? runInKit(task) : runRaw(task)));
});
process.send?.("ready");

/** Larger outputs are not read. */
const MAX_BYTES = 1 << 24;

async function runInKit({ model, inputs, library, options }: Task): Promise<Outcome> {
  let step = "load";
  try {
    const bytes = Uint8Array.from(model);
    const predictor = await openModel({ path: "test.tflite", bytes }, { library, ...options });
    step = "predict";
    try {
      return { kind: "outputs", outputs: await predictor.predict(inputs) };
    } finally {
      await predictor[Symbol.asyncDispose]();
    }
  } catch (error) {
    if (!isServingError(error)) return { kind: "error", step, message: String(error) };
    const { code, reason, message } = error;
    return { kind: "error", step, code, reason, message };
  }
}

/** The C API alone. Frees nothing, so that it sees no harm that a call did to the heap. */
async function runRaw({ model, inputs, library }: Task): Promise<Outcome> {
  const { bindings } = await openTflite(library);
  const bytes = Uint8Array.from(model);
  const signature = readModelFile(bytes).file.signatures.get("serving_default");
  if (signature === undefined) throw new Error("the model has no signature");
  const reporter = new ErrorReporter();
  const options = bindings.optionsCreate();
  bindings.setErrorReporter(options, reporter.pointer, reporter.userData);
  const interpreter = bindings.interpreterCreate(
    bindings.modelCreate(bytes, bytes.length),
    options,
  );
  if (interpreter === null) return { kind: "error", step: "create", message: reporter.take() };
  kept.push(bytes, reporter);
  const failed = (step: string): Outcome => ({ kind: "error", step, message: reporter.take() });
  for (const { name, index } of signature.inputs) {
    const { shape } = inputs[name] as Tensor;
    bindings.resizeInput(interpreter, index, Int32Array.from(shape), shape.length);
  }
  if (bindings.allocateTensors(interpreter) !== OK) return failed("allocate");
  for (const { name, index } of signature.inputs) {
    const { dtype, data } = inputs[name] as Tensor;
    const tensor = bindings.input(interpreter, index);
    const content = dtype === "string" ? encodeStrings(data as Uint8Array[]) : (data as Int32Array);
    if (dtype === "string") bindings.tensorRealloc(content.byteLength, tensor);
    bindings.copyIn(tensor, content, content.byteLength);
  }
  if (bindings.invoke(interpreter) !== OK) return failed("invoke");
  const outputs: Record<string, Tensor> = {};
  for (const binding of signature.outputs) {
    const tensor = bindings.output(interpreter, binding.index);
    const size = Number(bindings.tensorBytes(tensor));
    if (size > MAX_BYTES) return { kind: "error", step: "read", message: `${size} bytes` };
    outputs[binding.name] = readTensor(bindings, tensor, size, binding);
  }
  return { kind: "outputs", outputs };
}

/** Kept from garbage collection. */
const kept: unknown[] = [];

function readTensor(
  bindings: Awaited<ReturnType<typeof openTflite>>["bindings"],
  tensor: bigint,
  size: number,
  { spec: { dtype } }: Binding,
): Tensor {
  const rank = bindings.tensorRank(tensor);
  const shape = Array.from({ length: rank }, (_, i) => bindings.tensorDimension(tensor, i));
  const memory =
    size === 0 ? new ArrayBuffer(0) : viewMemory(bindings.tensorData(tensor), size).slice(0);
  if (dtype === "string") return { dtype: "uint8", shape, data: new Uint8Array(memory) };
  return { dtype, shape, data: new NUMERIC_DTYPES[dtype].array(memory) } as Tensor;
}
