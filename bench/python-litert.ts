import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";

/** Python that reads a number of runs from stdin, runs the model so many times, and prints a line. */
const PROGRAM = `
import json, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter

path, inputs = sys.argv[1], json.loads(sys.argv[2])
interpreter = Interpreter(path, num_threads=1)
details = interpreter.get_input_details()
if interpreter.get_signature_list():
    # In the order of the signature's names, each with its tensor.
    named = interpreter.get_signature_runner("serving_default").get_input_details()
    details = [named[name] for name in inputs]
shapes = list(inputs.values())
for detail, shape in zip(details, shapes):
    interpreter.resize_tensor_input(detail["index"], shape)
interpreter.allocate_tensors()
fill = lambda dtype: 0.5 if np.issubdtype(dtype, np.floating) else 1
values = [np.full(shape, fill(d["dtype"]), d["dtype"]) for d, shape in zip(details, shapes)]
outputs = [detail["index"] for detail in interpreter.get_output_details()]
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        for detail, value in zip(details, values):
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        for index in outputs:
            interpreter.get_tensor(index)
    print("done", flush=True)
`;

/** A model in Python's LiteRT, with one thread. */
export interface PythonModel extends Disposable {
  /** Runs the model so often: sets the inputs, invokes, gets the outputs. */
  run(operations: number): Promise<void>;
}

/** A Python with LiteRT: SERVING_KIT_PYTHON, or of the PATH. Undefined if there is none. */
export function findLitert(): string | undefined {
  return [process.env.SERVING_KIT_PYTHON, "python3", "python"].find(
    (python) =>
      python !== undefined &&
      spawnSync(python, ["-c", "import ai_edge_litert, numpy"]).status === 0,
  );
}

/** Opens a model with inputs of these shapes: floats are 0.5, integers 1. */
export async function pythonLitert(
  python: string,
  path: string,
  shapes: Readonly<Record<string, readonly number[]>>,
): Promise<PythonModel> {
  const child = spawn(python, ["-c", PROGRAM, path, JSON.stringify(shapes)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { done } = await lines.next();
    if (done) throw new Error(`Python cannot run ${path}`);
  };
  await next();
  return {
    async run(operations) {
      child.stdin.write(`${operations}\n`);
      await next();
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}
