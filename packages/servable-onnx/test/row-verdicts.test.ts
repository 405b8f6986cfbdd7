import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readFacts } from "../src/file/read-facts.js";
import { verdictOfFile } from "../src/rows/graph-rows.js";
import { servedSignature } from "../src/served-model.js";

const folder = fileURLToPath(new URL("models/", import.meta.url));

function verdict(name: string) {
  const bytes = readFileSync(`${folder}${name}.onnx`);
  const facts = readFacts(bytes);
  const { signature } = servedSignature(name, facts);
  const outputs = facts.outputs.map((output) => output.name);
  return verdictOfFile(bytes, facts, signature, outputs);
}

it.each(["dense", "images", "gather", "strings", "zip-map", "open-extents"])(
  "the graph of %s shows that rows are independent",
  (name) => {
    expect(verdict(name)).toEqual({
      verdict: "independent",
      reason: "each op keeps rows apart",
    });
  },
);

it.each([
  ["mean-of-batch", 'output "y": operator ReduceMean of "m": it reduces the rows'],
  ["running-sum", 'output "y": operator CumSum of "y": it computes along the rows'],
  ["custom-op", 'output "y": operator MyOp of "y": it is not known to keep rows apart'],
  ["data-dependent", 'output "y": operator NonZero of "y": it is not known to keep rows apart'],
])("the graph of %s does not", (name, reason) => {
  expect(verdict(name)).toEqual({ verdict: "unknown", reason });
});
