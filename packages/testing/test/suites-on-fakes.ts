import { tensor } from "@serving-kit/inference";
import { FakePredictor, predictorConformance, type Runner } from "../src/index.js";

const vector = (...x: number[]) => tensor("float32", [x.length], x);
export const halfPlusTwo = [
  { inputs: { x: vector(1, 2, 5) }, outputs: { y: vector(2.5, 3, 4.5) } },
  { inputs: { x: vector(-4) }, outputs: { y: vector(0) } },
];

/** Every suite on the fakes, for whichever runner. */
export function runSuitesOnFakes(runner: Runner): void {
  for (const options of [{}, { runMs: 2 }, { batchable: false }]) {
    const made: FakePredictor[] = [];
    predictorConformance(runner, {
      name: `FakePredictor ${JSON.stringify(options)}`,
      create: async () => {
        const predictor = new FakePredictor(options);
        made.push(predictor);
        return predictor;
      },
      examples: halfPlusTwo,
      runs: (predictor) => (predictor as FakePredictor).runs.length,
      allocated: () => made.filter((predictor) => !predictor.isDisposed).length,
    });
  }
}
