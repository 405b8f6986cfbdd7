import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { rowFactsOfGraph, verdictsIn } from "../src/rows/row-facts.js";
import { selectMetaGraph, takeSavedModel } from "../src/saved-model.js";

const models = fileURLToPath(new URL("../../../examples/models/", import.meta.url));

/** The verdicts of the graph of a SavedModel, by signature. */
async function verdicts(name: string) {
  const path = `${models}${name}`;
  const graph = selectMetaGraph(path, await takeSavedModel(path), ["serve"]);
  return Object.fromEntries(verdictsIn(await rowFactsOfGraph(path, graph)));
}

describe("the structure of a SavedModel", () => {
  it.each(["digits/savedmodel/1", "zoo/keras3/1"])(
    "shows that rows of %s are independent",
    async (name) => {
      const found = await verdicts(name);
      expect(found.serving_default).toEqual({
        verdict: "independent",
        reason: "each op keeps rows apart",
      });
    },
  );

  it("shows nothing in a text, of which few attributes are read", async () => {
    const found = Object.values(await verdicts("zoo/tf1-text/1"));
    expect(new Set(found.map(({ reason }) => reason))).toEqual(new Set(["its graph is text"]));
  });

  it("names the state of a model that has one", async () => {
    const found = Object.values(await verdicts("zoo/counter/1"));
    expect(found.map(({ verdict }) => verdict)).not.toContain("independent");
    expect(found.map(({ reason }) => reason)).toContain("a run changes what later runs compute");
  });
});
