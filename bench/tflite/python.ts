import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { tensor } from "@serving-kit/inference";
import { CONV, DIGITS, managerWith } from "../bare-tflite.js";
import type { Benchmark, Figure } from "../figure.js";
import { measure, speedRatio } from "../measure.js";

/** Answers each number of operations on stdin with a line when it has run the model so often. */
const PROGRAM = `
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter

path, shape = sys.argv[1], [int(extent) for extent in sys.argv[2].split(",")]
interpreter = Interpreter(path, num_threads=1)
interpreter.resize_tensor_input(0, shape)
interpreter.allocate_tensors()
image = np.full(shape, 0.5, np.float32)
index = interpreter.get_input_details()[0]["index"]
output = interpreter.get_output_details()[0]["index"]
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        interpreter.set_tensor(index, image)
        interpreter.invoke()
        interpreter.get_tensor(output)
    print("done", flush=True)
`;

const benchmark: Benchmark = {
  name: "against Python's LiteRT on the same file, one thread each",
  async run() {
    const python = findPython();
    if (python === undefined) {
      process.stderr.write(
        "skipped: no Python with ai-edge-litert and numpy; set SERVING_KIT_PYTHON to one\n",
      );
      return [];
    }
    return [
      await compare(python, "13 convolutions on 96x96x3", CONV, [1, 96, 96, 3], 1.1),
      await compare(python, "digits", DIGITS, [1, 64], 1.1),
    ];
  },
};
export default benchmark;

function findPython(): string | undefined {
  return [process.env.SERVING_KIT_PYTHON, "python3", "python"].find(
    (python) =>
      python !== undefined &&
      spawnSync(python, ["-c", "import ai_edge_litert, numpy"]).status === 0,
  );
}

async function compare(
  python: string,
  what: string,
  path: string,
  shape: readonly number[],
  atMost: number,
): Promise<Figure> {
  const child = spawn(python, ["-c", PROGRAM, path, shape.join()], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[
    Symbol.asyncIterator
  ]();
  await lines.next();
  const manager = await managerWith(path, { threads: 1 });
  const { servable } = manager.acquire({ name: "model" });
  const size = shape.reduce((product, extent) => product * extent, 1);
  const inputs = { image: tensor("float32", shape, new Float32Array(size).fill(0.5)) };
  const { kit, litert } = await measure({
    async kit(operations) {
      for (let i = 0; i < operations; i++) await servable.predict(inputs);
    },
    async litert(operations) {
      write(child, `${operations}\n`);
      await lines.next();
    },
  });
  child.kill();
  return {
    name: `${what}: time as a multiple of Python LiteRT's`,
    value: 1 / speedRatio(kit, litert),
    unit: "x",
    goal: { atMost },
    baseline: 1,
    spread: kit.spread,
  };
}

function write(child: ChildProcess, text: string): void {
  child.stdin?.write(text);
}
