import { tensor } from "@serving-kit/inference";
import { CONV, DIGITS, managerWith } from "../bare-tflite.js";
import type { Benchmark, Figure } from "../figure.js";
import { measure, speedRatio } from "../measure.js";
import { findLitert, pythonLitert } from "../python-litert.js";

const benchmark: Benchmark = {
  name: "against Python's LiteRT on the same file, one thread each",
  async run() {
    const python = findLitert();
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

async function compare(
  python: string,
  what: string,
  path: string,
  shape: readonly number[],
  atMost: number,
): Promise<Figure> {
  using litert = await pythonLitert(python, path, { image: shape });
  const manager = await managerWith(path, { threads: 1 });
  const { servable } = manager.acquire({ name: "model" });
  const size = shape.reduce((product, extent) => product * extent, 1);
  const inputs = { image: tensor("float32", shape, new Float32Array(size).fill(0.5)) };
  const measured = await measure({
    async kit(operations) {
      for (let i = 0; i < operations; i++) await servable.predict(inputs);
    },
    litert: (operations) => litert.run(operations),
  });
  return {
    name: `${what}: time as a multiple of Python LiteRT's`,
    value: 1 / speedRatio(measured.kit, measured.litert),
    unit: "x",
    goal: { atMost },
    baseline: 1,
    spread: measured.kit.spread,
  };
}
