import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { rowFactsOfGraph } from "../src/rows/row-facts.js";
import { selectMetaGraph, takeSavedModel } from "../src/saved-model.js";

const models = fileURLToPath(new URL("../../../examples/models/", import.meta.url));

/** The operations for each row of a signature. */
async function work(name: string, signature = "serving_default") {
  const path = `${models}${name}`;
  const graph = selectMetaGraph(path, await takeSavedModel(path), ["serve"]);
  return (await rowFactsOfGraph(path, graph)).get(signature)?.work;
}

describe("the work for a row of a SavedModel", () => {
  it("is that of its matrix products and of each element", async () => {
    const [inputs, hidden, outputs] = [64, 128, 10];
    const products = 2 * (inputs * hidden + hidden * outputs);
    const found = (await work("digits/savedmodel/1")) as number;
    expect(found).toBeGreaterThan(products);
    expect(found).toBeLessThan(products + 10 * 10 * (inputs + hidden + outputs));
  });

  it("is that of the elements, if each is computed for itself", async () => {
    expect(await work("zoo/dtypes/1", "float32")).toBe(10);
  });

  it.each(["sequence", "jpeg", "kinds"])(
    "is unknown if a loop or a length is open: %s",
    async (name) => {
      expect(await work(`zoo/${name}/1`)).toBe(Number.POSITIVE_INFINITY);
    },
  );

  it("is unknown if an op is unknown", async () => {
    expect(await work("zoo/strings/1")).toBe(Number.POSITIVE_INFINITY);
    expect(await work("zoo/counter/1")).toBe(Number.POSITIVE_INFINITY);
  });
});
