import { parseText } from "@serving-kit/tensorflow-wire";
import { describe, expect, it } from "vitest";
import { pruneText } from "./prune-text.js";
import { savedModelTextType } from "./schema.js";

const prune = (text: string) => pruneText(text, savedModelTextType);

describe("pruneText", () => {
  it.each([
    ["a known field", "saved_model_schema_version: 1", "saved_model_schema_version : 1"],
    [
      "a field that the type does not know",
      'other: "a" saved_model_schema_version: 1',
      "saved_model_schema_version : 1",
    ],
    [
      "a message that it does not know",
      "meta_graphs { object_graph_def { nodes { x: 'a}' } } }",
      "meta_graphs { }",
    ],
    [
      "the functions of a graph",
      "meta_graphs { graph_def { node { name: 'a' attr { key: 'f' value { func { name: 'g' } } } device: 'd' } } }",
      "meta_graphs { graph_def { node { name : 'a' attr { key : 'f' value { func { name : 'g' } } } } } }",
    ],
    [
      "comments, brackets of either kind and lists",
      "# {\nmeta_graphs < meta_info_def: { tags: ['a', \"b\"] } > # }",
      "meta_graphs < meta_info_def : { tags : [ 'a' , \"b\" ] } >",
    ],
    [
      "extensions",
      "[a.b/c] { x: 1 } saved_model_schema_version: -1;",
      "saved_model_schema_version : - 1",
    ],
    [
      "strings in parts",
      'meta_graphs { meta_info_def { tags: \'a\' "b\\"" } }',
      'meta_graphs { meta_info_def { tags : \'a\' "b\\"" } }',
    ],
    [
      "names of data types",
      "meta_graphs { signature_def { key: 'a' value { inputs { key: 'x' value { dtype: DT_FLOAT_REF } } } } }",
      "meta_graphs { signature_def { key : 'a' value { inputs { key : 'x' value { dtype : 101 } } } } }",
    ],
  ])("keeps or leaves out %s", (_, text, kept) => {
    expect(prune(text)).toBe(kept);
    parseText(savedModelTextType, prune(text));
  });

  it.each([
    ["meta_graphs {", "the text ends in the middle of a message"],
    ["meta_graphs { }}", "expected a field's name; got }"],
    ['meta_graphs { x: "', "a string has no end"],
    ["{ ".repeat(3), "expected a field's name; got {"],
    ["a {".repeat(200), "messages nest deeper than 100"],
    [`a: ${"[".repeat(200)}`, "messages nest deeper than 100"],
  ])("refuses %.20j", (text, message) => {
    expect(() => prune(text)).toThrow(message);
  });
});
