import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "tsup";
import type { Benchmark } from "../figure.js";

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// From here koffi is found.
const outDir = fileOf("../../packages/native-library/node_modules/.cache/bench");

/** Built, as an application has it: the loader of TypeScript takes more memory than what is measured. */
const buildProgram = (name: string) =>
  build({
    entry: [fileOf(`../${name}.ts`)],
    outDir: `${outDir}/${name}`,
    config: false,
    format: "esm",
    target: "node20",
    clean: true,
    minify: true,
    treeshake: true,
    noExternal: [/^(?!koffi$)/],
    external: ["koffi"],
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    esbuildOptions: (options) => {
      options.conditions = ["@serving-kit/source"];
    },
    silent: true,
  });

interface Megabytes {
  readonly model: number;
  readonly empty: number;
  readonly attached: number;
  readonly garbage: number;
}

const benchmark: Benchmark = {
  name: "memory of workers that share a model of 100 MB",
  async run() {
    for (const name of ["shared-main", "shared-worker"]) await buildProgram(name);
    const args = [
      fileOf("../../examples/models/zoo/large/1"),
      `file://${outDir}/shared-worker/shared-worker.js`,
    ];
    const child = fork(`${outDir}/shared-main/shared-main.js`, args, { execArgv: ["--expose-gc"] });
    const { model, empty, attached, garbage } = await new Promise<Megabytes>((resolve, reject) => {
      child.once("message", (message) => resolve(message as Megabytes));
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the process ended with exit code ${code}`)));
    });
    return [
      {
        name: "a worker that has answered with the model over an empty one",
        value: attached - empty,
        unit: "MB",
        goal: { atMost: 5 },
      },
      { name: "more after 1,000 answers, for the collector", value: garbage, unit: "MB" },
      { name: "an empty worker", value: empty, unit: "MB" },
      { name: "the model, library and all", value: model, unit: "MB" },
    ];
  },
};

export default benchmark;
