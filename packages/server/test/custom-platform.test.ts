import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tensor } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { customPlatform, parseModelConfig } from "../src/index.js";
import { fixturePlatform } from "./fixture-platform.js";
import { World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world[Symbol.asyncDispose]());

/** A module in plain JavaScript, as its user writes it: it doubles, or multiplies as its options say. */
const MODULE = `
  const spec = { dtype: "float32", shape: [-1] };
  const signature = { inputs: new Map([["x", spec]]), outputs: new Map([["y", spec]]) };
  const predictor = (by) => ({
    signatures: new Map([["serving_default", signature]]),
    batchable: true,
    async predict({ x }) {
      return { y: { ...x, data: x.data.map((v) => v * by) } };
    },
  });
  export const loads = [];
  export async function load_servable(path, { id, signal, options }) {
    loads.push([path, id.name, Number(id.version), signal.aborted]);
    return predictor(Number(options.by ?? 2));
  }
  export const empty = () => ({ signatures: [], predict: 1 });
  export const crash = () => { throw new Error("no weights"); };
  export const nothing = undefined;
  export default load_servable;
`;

const write = async (name: string, text: string) => {
  const path = join(world.path, name);
  await writeFile(path, text);
  return path;
};
const configOf = (...configs: string[]) =>
  parseModelConfig(
    `model_config_list: { config: [${configs.map((config) => `{ ${config} }`).join(", ")}] }`,
    join(world.path, "models.config"),
  );
const customOf = (custom: string, more = "") =>
  `name: "mine", model_platform: "custom", model_type: "OTHER", ${more}
   custom_model_config: { ${custom} }`;

async function predict(server: { fetch: (request: Request) => Promise<Response> }, name = "mine") {
  const body = '{"instances":[1,2.5]}';
  const request = new Request(`http://host/v1/models/${name}:predict`, { method: "POST", body });
  return (await server.fetch(request)).json();
}

describe("a custom platform by module path", () => {
  it("loads with a function, with the module itself as version 1 if there is no base_path", async () => {
    const path = await write("my-servable.mjs", MODULE);
    const models = configOf(
      customOf('module_path: "./my-servable.mjs", model_class_name: "load_servable"'),
    );
    await using server = await world.serve([], { models });
    expect(await predict(server)).toEqual({ predictions: [2, 5] });
    const { loads } = (await import(path)) as { loads: unknown[] };
    expect(loads).toEqual([[path, "mine", 1, false]]);
  });

  it("checks inputs for a function, which sees none that do not fit, and leaves out other outputs", async () => {
    await write("my-servable.mjs", MODULE);
    const models = configOf(customOf('module_path: "my-servable.mjs"'));
    await using server = await world.serve([], { models });
    using mine = server.manager.acquire({ name: "mine" });
    const { servable } = mine;
    const x = tensor("float32", [1], [4]);
    expect((await servable.predict({ x }, { outputs: ["y"] })).y?.data).toEqual(
      new Float32Array([8]),
    );
    await expect(servable.predict({})).rejects.toMatchObject({ reason: "INPUT_MISSING" });
    await expect(servable.predict({ x: tensor("int32", [1], [4]) })).rejects.toMatchObject({
      reason: "TENSOR_DTYPE_MISMATCH",
    });
    await expect(servable.predict({ x }, { outputs: ["z"] })).rejects.toMatchObject({
      reason: "OUTPUT_NOT_FOUND",
    });
    await expect(servable.predict({ x }, { signal: AbortSignal.abort("gone") })).rejects.toBe(
      "gone",
    );
  });

  it("leaves shapes to the function, unless its signature checks them: then outputs too", async () => {
    const wide = MODULE.replace("[-1] }", "[-1, 2] }");
    await write("open.mjs", wide);
    await write(
      "checked.mjs",
      wide.replace("const signature = {", "const signature = { checksShapes: true,"),
    );
    const odd = wide
      .replace("const signature = {", "const signature = { checksShapes: true,")
      .replace("...x,", "...x, shape: [x.data.length],");
    await write("odd.mjs", odd);
    const models = configOf(
      ...["open", "checked", "odd"].map((name) =>
        customOf(`module_path: "${name}.mjs"`).replace('"mine"', `"${name}"`),
      ),
    );
    await using server = await world.serve([], { models });
    const call = (name: string, shape: number[]) => {
      using handle = server.manager.acquire({ name });
      return handle.servable.predict({ x: tensor("float32", shape, [1, 2]) });
    };
    expect((await call("open", [2])).y?.shape).toEqual([2]);
    expect((await call("checked", [1, 2])).y?.shape).toEqual([1, 2]);
    await expect(call("checked", [2])).rejects.toMatchObject({ reason: "TENSOR_SHAPE_MISMATCH" });
    await expect(call("odd", [1, 2])).rejects.toMatchObject({
      reason: "PREDICTION_FAILED",
      message: 'output "y" must have shape [-1,2] (-1 is any); the model computed [2]',
    });
  });

  it("does not delay the check of its version while it is imported", async () => {
    const modulePath = await write("slow.mjs", "await new Promise(() => {});");
    const clock = new FakeClock();
    const looking = customPlatform({ modulePath }, clock).isComplete(modulePath);
    const seen: unknown[] = [];
    void looking.then((isComplete) => seen.push(isComplete));
    await clock.advance(999);
    expect(seen).toEqual([]);
    await clock.advance(1);
    expect([await looking, clock.pending]).toEqual([{ isComplete: true }, 0]);
  });

  it("passes the configured options to the export", async () => {
    await write("my-servable.mjs", MODULE);
    const models = configOf(
      customOf('module_path: "my-servable.mjs", options { key: "by", value: "10" }'),
    );
    await using server = await world.serve([], { models });
    expect(await predict(server)).toEqual({ predictions: [10, 25] });
  });

  it("has a folder for version 1, but none that is empty, and folders named by numbers as any has", async () => {
    const modulePath = await write("my-servable.mjs", MODULE);
    const basePath = join(world.path, "data");
    await mkdir(basePath);
    const platform = customPlatform({ modulePath, exportName: "load_servable" });
    const models = [{ name: "mine", basePath, platform }];
    await using server = await world.serve([], { models, startUpPolicy: "none" });
    const versions = async () => {
      await server.poll();
      return server.manager.states("mine").map(({ id }) => Number(id.version));
    };
    expect(await versions()).toEqual([]);
    await writeFile(join(basePath, "weights"), "");
    expect(await versions()).toEqual([1]);
    await mkdir(join(basePath, "7"));
    await writeFile(join(basePath, "7", "weights"), "");
    await server.poll();
    await server.manager.available({ name: "mine", version: 7n });
  });

  it("may be what definePlatform made, with its options, or a CommonJS module", async () => {
    const inference = import.meta.resolve("@serving-kit/inference");
    await write(
      "platform.mjs",
      `import { definePlatform } from ${JSON.stringify(inference)};
       import { load_servable } from "./my-servable.mjs";
       export const mine = definePlatform({
         name: "times",
         load({ path, id, signal, options, warmingUp }) {
           warmingUp()({ records: 1 });
           return load_servable(path, { id, signal, options });
         },
       });
       export const made = mine({ by: 3 });
       export const plain = () => mine({ by: 4 });`,
    );
    await write("my-servable.mjs", MODULE);
    await write(
      "servable.cjs",
      'module.exports = { ["lo" + "ad"]: () => import("./my-servable.mjs").then((m) => m.default("", { id: {}, signal: {}, options: { by: 5 } })) };',
    );
    const models = [
      [
        "mine",
        'module_path: "platform.mjs" model_class_name: "mine" options { key: "by" value: "6" }',
      ],
      ["made", 'module_path: "platform.mjs" model_class_name: "made"'],
      ["plain", 'module_path: "platform.mjs" model_class_name: "plain"'],
      ["cjs", 'module_path: "servable.cjs" model_class_name: "load"'],
    ].map(
      ([name, custom]) =>
        `name: "${name}" model_platform: "custom" custom_model_config { ${custom} }`,
    );
    await using server = await world.serve([], {
      models: configOf(...models),
      startUpPolicy: "all",
      metrics: {},
    });
    expect(await predict(server, "mine")).toEqual({ predictions: [6, 15] });
    expect(await predict(server, "made")).toEqual({ predictions: [3, 7.5] });
    expect(await predict(server, "plain")).toEqual({ predictions: [4, 10] });
    expect(await predict(server, "cjs")).toEqual({ predictions: [5, 12.5] });
    const page = await server.fetch(new Request("http://host/monitoring/prometheus/metrics"));
    expect(await page.text()).toMatch(
      /:tensorflow:serving:model_warmup_records_read\{model_path="[^"]+",status="OK"\} 3\n/,
    );
  });

  it.each([
    ['module_path: "absent.mjs"', "CUSTOM_MODULE_NOT_FOUND", "absent.mjs: ENOENT"],
    ['module_path: "model.py"', "CUSTOM_MODULE_UNSUPPORTED", "To run Python, pass python()"],
    ['module_path: "syntax.mjs"', "CUSTOM_MODULE_FAILED", "failed: "],
    ['module_path: "throws.mjs"', "CUSTOM_MODULE_FAILED", "failed: no such table"],
    [
      'module_path: "my-servable.mjs" model_class_name: "load"',
      "CUSTOM_EXPORT_UNFIT",
      "got undefined; it exports crash, default, empty, load_servable, loads, nothing",
    ],
    [
      'module_path: "my-servable.mjs" model_class_name: "loads"',
      "CUSTOM_EXPORT_UNFIT",
      "got object",
    ],
    [
      'module_path: "my-servable.mjs" model_class_name: "__proto__"',
      "CUSTOM_EXPORT_UNFIT",
      "got undefined",
    ],
    [
      'module_path: "my-servable.mjs" model_class_name: "empty"',
      "PREDICTOR_UNFIT",
      "signatures: expected signatures by name, in an object or a Map; got []",
    ],
    ['module_path: "my-servable.mjs" model_class_name: "crash"', "LOAD_FAILED", "no weights"],
  ])("that does not fit is an error of its model alone: %s %s", async (custom, reason, message) => {
    await write("my-servable.mjs", MODULE);
    await write("syntax.mjs", "export const = ;");
    await write("throws.mjs", 'throw new Error("no such table");');
    await write("model.py", "def load_servable(path, config): pass");
    await world.publish("m", 1);
    const models = [
      ...configOf(customOf(custom, 'base_path: "m",')),
      { name: "m", basePath: join(world.path, "m") },
    ];
    await using server = await world.serve([], { models, startUpPolicy: "any" });
    expect(await predict(server, "m")).toEqual({ predictions: [2.5, 3.25] });
    const [state] = server.manager.states("mine");
    expect(state?.error).toMatchObject({ reason, message: expect.stringContaining(message) });
  });

  it("is imported again when its file was fixed", async () => {
    const path = await write("my-servable.mjs", "export const = ;");
    const platform = customPlatform({ modulePath: path });
    const load = () => {
      const id = { name: "mine", version: 1n };
      return platform.loader({ path }, id).load({ id, signal: new AbortController().signal });
    };
    await expect(load()).rejects.toMatchObject({ reason: "CUSTOM_MODULE_FAILED" });
    await writeFile(path, MODULE);
    await utimes(path, 1, 1);
    expect((await load()).batchable).toBe(true);
  });
});

describe("a platform of a model's own", () => {
  it("needs not be one of the server's", async () => {
    await world.publish("m", 1);
    const basePath = join(world.path, "m");
    const models = [{ name: "m", basePath, platform: fixturePlatform() }];
    await using server = await world.serve([], { platforms: [], models });
    expect(await predict(server, "m")).toEqual({ predictions: [2.5, 3.25] });
    // By its name it is the one that the model has.
    expect(await server.reload([{ name: "m", basePath, platform: "fixture" }])).toEqual([
      { name: "m" },
    ]);
    await expect(server.reload([{ name: "m", basePath, platform: "other" }])).rejects.toThrow(
      "For model m platform was fixture and new platform requested is other",
    );
  });
});
