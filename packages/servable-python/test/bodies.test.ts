import { batch, isBatched } from "@serving-kit/batching";
import { guard, SERVING_JSON, tensor } from "@serving-kit/inference";
import { respondConformance } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { python } from "../src/python.js";
import { INTERPRETER, MODULES, noPython, open } from "./support.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const floats = (...values: number[]) => tensor("float32", [values.length], values);

const title = `bodies${noPython ? ` (skipped: ${noPython})` : ""}`;
describe.skipIf(noPython)(title, () => {
  it("a string is an answer too", async () => {
    const model = await open("bodies.py", { exportName: "answers_text" });
    const { body } = (await model.respond?.(bytes("abcdef"), SERVING_JSON)) ?? {};
    expect(Buffer.from(body ?? []).toString()).toBe('{"predictions": ["abc"]}');
  });

  it("any other answer is an error that names what to return", async () => {
    const model = await open("bodies.py", { exportName: "answers_number" });
    await expect(model.respond?.(bytes("{}"), SERVING_JSON)).rejects.toMatchObject({
      code: "INTERNAL",
      reason: "OUTPUT_INVALID",
      message: expect.stringContaining(
        "must return bytes, such as json.dumps(answer).encode(); got int",
      ),
    });
    const other = await open("bodies.py", { exportName: "answers_nonsense" });
    await expect(other.predict({ x: floats(1) })).rejects.toMatchObject({
      reason: "OUTPUT_INVALID",
    });
  });

  it("tensors of several inputs are rows by name, or columns where rows differ", async () => {
    const model = await open("bodies.py");
    const rows = { a: floats(1, 2), b: tensor("int32", [2, 1], [3, 4]) };
    expect(await model.predict(rows)).toEqual({
      a: floats(2, 4),
      b: tensor("int64", [2, 1], [6n, 8n]),
    });
    const columns = { a: floats(1, 2), b: floats(3) };
    expect(await model.predict(columns)).toEqual({ a: floats(2, 4), b: floats(6) });
    expect(await model.predict(columns, { outputs: ["b"] })).toEqual({ b: floats(6) });
    await expect(model.predict(columns, { outputs: ["c"] })).rejects.toMatchObject({
      reason: "OUTPUT_NOT_FOUND",
    });
  });
});

if (!noPython) {
  const create = async () => {
    const { code } = python({ ...(INTERPRETER && { interpreter: INTERPRETER }) });
    const module = { modulePath: `${MODULES}/bodies.py`, basePath: MODULES };
    const id = { name: "m", version: 1n };
    const loader = code?.loader(module, { path: MODULES }, id);
    return loader?.load({ id, signal: new AbortController().signal }) as ReturnType<typeof open>;
  };
  const options = {
    format: SERVING_JSON,
    timeoutMs: 30_000,
    examples: [
      { body: bytes('{"instances":[1,2]}'), answer: bytes('{"predictions": [2, 4]}') },
      { body: bytes('{"instances":[[1.5]]}'), answer: bytes('{"predictions": [[3.0]]}') },
      {
        body: bytes('{"instances":["a"]}'),
        answer: bytes('{"error": "not a number: a"}'),
        isRefusal: true,
      },
    ],
    tensors: {
      inputs: { x: floats(1, 2) },
      outputs: { predictions: floats(2, 4) },
      refused: { x: tensor("string", [1], ["a"]) },
    },
  };
  respondConformance({ describe, it }, { name: "python", create, ...options });
  respondConformance(
    { describe, it },
    {
      name: "python, guarded behind batching",
      async create() {
        const batched = batch(guard(await create()), { unbatchable: "pass-through" });
        expect(isBatched(batched)).toBe(true);
        return batched;
      },
      ...options,
    },
  );
}
