import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canReusePort } from "@serving-kit/native-library";
import { afterEach, describe, expect, it } from "vitest";
import { loadModel } from "../src/index.js";
import { endCommands, repository, startSource } from "./run-command.js";

const examples = join(repository, "examples");
const config = `--model_config_file=${join(examples, "tflite-image/models.yaml")}`;
const mobilenet = join(examples, "models/mobilenet");
const photo = (name: string) => readFileSync(join(mobilenet, "photos", `${name}.jpg`), "base64");

afterEach(endCommands);

describe("processing in a model config file", () => {
  it.skipIf(!canReusePort)(
    "is in front of the model in several event loops, batched, and in metadata (needs Linux)",
    async () => {
      const { said } = startSource(
        ...["--http_threads=2", "--rest_api_port=any", "--port=0", "--host=127.0.0.1"],
        "--enable_batching",
        config,
      );
      const [port] = /\d+(?=\/v1)/.exec(await said(/serving photos at .*\/v1/)) ?? [];
      const url = `http://127.0.0.1:${port}/v1/models/photos`;
      const answers = await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          const name = i % 2 === 0 ? "chelsea" : "coffee";
          const body = JSON.stringify({ instances: [{ b64: photo(name) }] });
          const headers = { connection: "close" };
          const response = await fetch(`${url}:predict`, { method: "POST", body, headers });
          const { predictions } = (await response.json()) as {
            predictions: [{ classes: string[] }];
          };
          return [name, predictions[0].classes[0]];
        }),
      );
      for (const [name, label] of answers) {
        expect(label).toBe(name === "chelsea" ? "Egyptian cat" : "espresso");
      }
      const metadata = JSON.stringify(await (await fetch(`${url}/metadata`)).json());
      expect(metadata).toContain('"image":{"dtype":"DT_STRING"');
      expect(metadata).toContain('"classes":{"dtype":"DT_STRING"');
      const wrong = JSON.stringify({ instances: [{ b64: "aGVsbG8=" }] });
      const refused = await fetch(`${url}:predict`, { method: "POST", body: wrong });
      expect([refused.status, await refused.text()]).toEqual([
        400,
        expect.stringContaining("expected JPEG, PNG, WebP, GIF, AVIF or TIFF"),
      ]);
    },
  );

  it("is shown by inspect and types", async () => {
    const inspect = startSource("inspect", "photos", config);
    expect(await inspect.ended).toBe(0);
    expect(inspect.output.stdout).toContain(
      'processing after: [{"softmax":{}},{"topK":{"k":3,"labels":"labels.txt"}}]',
    );
    const types = startSource("types", "photos", config);
    expect(await types.ended).toBe(0);
    expect(types.output.stdout).toContain('inputs: { image: { dtype: "string", shape: [-1] } }');
    const missing = startSource("inspect", "other", config);
    expect(await missing.ended).toBe(1);
    expect(missing.output.stderr).toContain("has no model other; expected one of photos");
  });

  it("is in front of a model that loadModel loads", async () => {
    await using model = await loadModel(mobilenet, {
      processing: { before: [{ image: { preset: "mobilenet" } }], after: [{ softmax: {} }] },
    });
    const { output } = await model.predict({ image: [Buffer.from(photo("coffee"), "base64")] });
    expect(output?.shape).toEqual([1, 1001]);
    const wrong = loadModel(mobilenet, { processing: { after: [{ topK: { k: 0 } }] } });
    await expect(wrong).rejects.toMatchObject({ reason: "PROCESSING_INVALID" });
  });
});
