import { expect, it } from "vitest";
import { hasLibrary, skipped } from "../../packages/servable-onnx/test/support.js";
import { runExample } from "../run-example.js";

it.skipIf(!hasLibrary)(
  `the scikit-learn example answers as ONNX Runtime in Python does${skipped}`,
  async () => {
    const { stdout, stderr, code } = await runExample("scikit-learn/main.ts");
    expect([stderr, code]).toEqual(["", 0]);
    const [rich, topic] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const near = (...values: number[]) => values.map((value) => expect.closeTo(value, 5));
    expect(rich.predictions).toEqual([
      {
        output_label: "yes",
        output_probability: near(0.0031573, 0.9968427),
        output_probability_labels: ["no", "yes"],
      },
      {
        output_label: "no",
        output_probability: near(0.9979417, 0.0020583),
        output_probability_labels: ["no", "yes"],
      },
    ]);
    expect(topic.predictions).toEqual([
      {
        output_label: "delivery",
        output_probability: near(0.0995127, 0.0634322, 0.8370551),
        output_probability_labels: ["account", "billing", "delivery"],
      },
    ]);
  },
);
