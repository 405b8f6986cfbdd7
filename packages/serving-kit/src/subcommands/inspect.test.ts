import { definePlatform } from "@serving-kit/inference";
import { expect, it } from "vitest";
import { inspect } from "./inspect.js";

async function run(path: string) {
  const load = () => Promise.reject(new Error("not loaded"));
  const toy = definePlatform({
    name: "toy",
    load,
    accepts: async (file) => file.endsWith(".toy"),
    inspect: async (file) => ({
      description: `${file}: a toy; see the option tags`,
      problems: [],
    }),
  });
  const plain = definePlatform({ name: "plain", load, accepts: async (f) => f.endsWith(".plain") });
  const platforms = [toy, plain].map((make) => ({
    name: make.platformName,
    load: async () => make(),
  }));
  let stdout = "";
  const sink = { write: (text: string) => (stdout += text) };
  const { signal } = new AbortController();
  const code = await inspect({ platforms }).run([path], { stdout: sink, stderr: sink, signal });
  return { code, stdout };
}

it("inspect asks the platform of the table that accepts the model, and names flags", async () => {
  expect(await run("/m.toy")).toEqual({
    code: 0,
    stdout: "/m.toy: a toy; see --saved_model_tags\n",
  });
});

it("inspect names the platform if it does not describe models", async () => {
  expect(await run("/m.plain")).toEqual({
    code: 0,
    stdout: "/m.plain: model of the platform plain\n",
  });
});

it("inspect says what the platforms of the table expect", async () => {
  await expect(run("/m.other")).rejects.toMatchObject({
    reason: "MODEL_NOT_FOUND",
    message: expect.stringContaining("expected a model of toy, a model of plain, or a folder"),
  });
});
