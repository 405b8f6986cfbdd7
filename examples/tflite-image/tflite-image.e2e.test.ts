import { readFileSync } from "node:fs";
import { createModelServer, stringsOf, type Tensor } from "serving-kit";
import { describe, expect, it } from "vitest";
import { GrpcClient } from "../../packages/server/test/grpc-client.js";
import { runExample } from "../run-example.js";

const basePath = `${import.meta.dirname}/../models/mobilenet`;
/** The best classes of each photograph, by Keras' preprocessing and TensorFlow Lite in Python. */
const top5: Record<string, [string, number][]> = JSON.parse(
  readFileSync(`${basePath}/top5.json`, "utf8"),
);

describe("tflite-image", () => {
  it("sees a cat in a photograph of one, in the process and over REST", async () => {
    const { code, stdout, stderr } = await runExample("tflite-image/main.ts");
    expect([code, stderr.replace(/^INFO: .*\n/gm, "")]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Egyptian cat: 0\.\d+\n/);
    const { predictions } = JSON.parse(stdout.slice(stdout.indexOf("{")));
    expect(predictions[0].classes[0]).toBe("Egyptian cat");
    expect(predictions[0].classes).toHaveLength(3);
  });

  it("names the classes that Python names, except those whose scores differ by less than 0.01", async () => {
    const processing = {
      before: [{ image: { preset: "mobilenet" } }],
      after: [{ softmax: {} }, { topK: { k: 8, labels: "labels.txt" } }],
    };
    await using server = await createModelServer({
      models: { photos: { basePath, processing } },
      settleMs: 0,
    });
    expect(Object.keys(top5)).toHaveLength(6);
    for (const [name, wanted] of Object.entries(top5)) {
      const photo = readFileSync(`${basePath}/photos/${name}`);
      const { classes, scores } = await server.predict("photos", { image: [photo] });
      const found = stringsOf(classes as Tensor<"string">);
      for (const [i, [label, score]] of wanted.slice(0, 5).entries()) {
        const isSame = found[i] === label;
        const other = wanted.find(([one]) => one === found[i])?.[1] ?? 0;
        expect(isSame || Math.abs(other - score) < 0.01, `${name}: ${found[i]} is ${label}`).toBe(
          true,
        );
        expect(Math.abs(Number(scores?.data[i]) - score), `${name}: ${label}`).toBeLessThan(0.05);
      }
    }
  });

  it("answers JPEG bytes over gRPC", async () => {
    const processing = {
      before: [{ image: { preset: "mobilenet" } }],
      after: [{ softmax: {} }, { topK: { k: 1, labels: "labels.txt" } }],
    };
    await using server = await createModelServer({
      models: { photos: { basePath, processing } },
      settleMs: 0,
    });
    const { port } = await server.listenGrpc({ port: 0 });
    using client = new GrpcClient(`localhost:${port}`);
    const photo = readFileSync(`${basePath}/photos/chelsea.jpg`);
    const image = { dtype: "DT_STRING", tensor_shape: { dim: [{ size: 1 }] }, string_val: [photo] };
    const answer = await client.predict({ model_spec: { name: "photos" }, inputs: { image } });
    const { outputs } = answer as { outputs: { classes: { string_val: Uint8Array[] } } };
    expect(outputs.classes.string_val.map(String)).toEqual(["Egyptian cat"]);
  });
});
