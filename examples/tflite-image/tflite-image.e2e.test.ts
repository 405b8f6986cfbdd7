import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createModelServer, stringsOf, type Tensor } from "serving-kit";
import { describe, expect, it } from "vitest";
import { GrpcClient } from "../../packages/server/test/grpc-client.js";

const file = `${import.meta.dirname}/main.ts`;
const basePath = `${import.meta.dirname}/../models/mobilenet`;
/** The best classes of each photograph, by Keras' preprocessing and TensorFlow Lite in Python. */
const top5: Record<string, [string, number][]> = JSON.parse(
  readFileSync(`${basePath}/top5.json`, "utf8"),
);

interface Row {
  readonly classes: readonly string[];
  readonly scores: readonly number[];
}

/** The address and the output of the program, once it has printed its result. */
async function linesOf({ stdout }: ChildProcess) {
  let printed = "";
  for await (const text of stdout?.setEncoding("utf8") ?? []) {
    printed += text;
    const [, rest, grpc] = /REST at (\S+), gRPC at (\S+)\n(?:.+\n){2}/.exec(printed) ?? [];
    if (rest !== undefined && grpc !== undefined) return { rest, grpc, printed };
  }
  throw new Error(`the program ended: ${printed}`);
}

/** The classes of a photograph, over gRPC. */
async function classesOver(address: string, photo: Uint8Array): Promise<string[]> {
  using client = new GrpcClient(address);
  const image = { dtype: "DT_STRING", tensor_shape: { dim: [{ size: 1 }] }, string_val: [photo] };
  const answer = await client.predict({ model_spec: { name: "photos" }, inputs: { image } });
  const { outputs } = answer as { outputs: { classes: { string_val: Uint8Array[] } } };
  return outputs.classes.string_val.map(String);
}

describe("tflite-image", () => {
  it("is ten lines, and sees a cat in a photograph of one: in the process, over REST and over gRPC", async () => {
    const program = spawn(process.execPath, ["--import", "tsx", file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const { rest, grpc, printed } = await linesOf(program);
      expect(printed).toMatch(/\[ \[ 'Egyptian cat', '[^']+', '[^']+' \] \]\n\[ \[ 0\.\d+/);
      const photo = readFileSync(`${basePath}/photos/chelsea.jpg`);
      const body = JSON.stringify({ instances: [{ b64: photo.toString("base64") }] });
      const response = await fetch(`${rest}/v1/models/photos:predict`, { method: "POST", body });
      const { predictions } = (await response.json()) as { predictions: Row[] };
      expect(predictions).toHaveLength(1);
      expect(predictions[0]?.classes[0]).toBe("Egyptian cat");
      expect(predictions[0]?.classes).toHaveLength(3);
      expect(predictions[0]?.scores[0]).toBeGreaterThan(predictions[0]?.scores[1] ?? 1);
      expect(await classesOver(grpc, photo)).toEqual(predictions[0]?.classes);
    } finally {
      program.kill("SIGKILL");
    }
    const code = readFileSync(file, "utf8").split("\n");
    expect(code.filter((line) => /^(?!\/\/|import )./.test(line))).toHaveLength(10);
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
});
