import { isVersionWithin } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import { BUILTIN_OPERATORS, CUSTOM } from "../src/graph/builtin-operators.js";
import { readGraph } from "../src/graph/read-graph.js";
import { ErrorReporter } from "../src/native/error-reporter.js";
import { openTflite } from "../src/native/library.js";
import { firstRuntimeWith, newestVersions } from "../src/requirements/operator-versions.js";
import { operatorModel } from "./operator-models.js";

const { bindings, library } = await openTflite();

/** Returns whether the runtime finds a kernel for an operator, without running it. */
function has(builtin: number, version: number): boolean {
  const bytes = operatorModel(builtin, version);
  const model = bindings.modelCreate(bytes, bytes.length);
  const options = bindings.optionsCreate();
  using reporter = new ErrorReporter();
  bindings.setErrorReporter(options, reporter.pointer, reporter.userData);
  const interpreter = bindings.interpreterCreate(model, options);
  if (interpreter !== null) bindings.interpreterDelete(interpreter);
  bindings.optionsDelete(options);
  bindings.modelDelete(model);
  return interpreter !== null;
}

const builtins = BUILTIN_OPERATORS.map((name, code) => ({ name, code })).filter(
  ({ code }) => code !== CUSTOM,
);

describe("the table of operator versions", () => {
  it("names only operators of the schema", () => {
    const names = new Set(BUILTIN_OPERATORS);
    expect([...newestVersions.keys()].filter((name) => !names.has(name))).toEqual([]);
  });

  it(`has what TensorFlow Lite ${library.version} has, and nothing else`, () => {
    expect(readGraph(operatorModel(0, 2)).subgraphs.length).toBe(1);
    const wrong = builtins.flatMap(({ name, code }) =>
      Array.from({ length: (newestVersions.get(name) ?? 0) + 3 }, (_, i) => i + 1)
        .map((version) => ({ version, since: firstRuntimeWith(name, version) }))
        .filter(({ version, since }) => {
          const isInTable =
            since !== undefined && isVersionWithin(library.version, { atLeast: since });
          return isInTable !== has(code, version);
        })
        .map(({ version, since }) => `${name} ${version}, in the table since ${since}`),
    );
    expect(wrong).toEqual([]);
  });
});
