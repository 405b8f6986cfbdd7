import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readManifest, root } from "./workspace.mjs";

const servable = join(root, "packages/servable-tflite");
const script = join(servable, "scripts/platform-packages.mjs");
const names = readdirSync(join(servable, "npm"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const run = (file: string, args: readonly string[], cwd: string) =>
  spawnSync(process.execPath, [file, ...args], { cwd, encoding: "utf8" });

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-platforms-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a platform package", () => {
  const manifest = (name: string) => readManifest(`packages/servable-tflite/npm/${name}`);

  it.each(names)(
    "%s is named by its folder, for one system, and an optional dependency",
    (name) => {
      const [os, cpu] = name.replace("2.9-", "").split("-");
      expect(manifest(name)).toMatchObject({
        name: `@serving-kit/tflite-${name}`,
        os: [os],
        cpu: [cpu],
        files: ["lib", "LICENSE", "NOTICE"],
      });
      expect(manifest(name).libc).toEqual(os === "linux" ? ["glibc"] : undefined);
      const { optionalDependencies } = readManifest("packages/servable-tflite");
      expect(optionalDependencies).toHaveProperty([`@serving-kit/tflite-${name}`], "workspace:*");
    },
  );

  it.each(names)("%s cannot be packed without its library", (name) => {
    expect(manifest(name).scripts?.prepack).toBe(
      "node ../../scripts/platform-packages.mjs --check",
    );
    const copy = join(folder, name);
    cpSync(join(servable, "npm", name, "package.json"), join(copy, "package.json"));
    for (const file of ["LICENSE", "NOTICE"]) writeFileSync(join(copy, file), "a licence");
    const { status, stderr } = run(script, ["--check"], copy);
    expect(status).toBe(1);
    expect(stderr).toMatch(/ lacks its library or licences, .*: run `npm run pack`, which fills /);
  });

  const filled = names.find((name) => existsSync(join(servable, "npm", name, "lib")));

  it.skipIf(!filled)("is packed with it, and not with another (skipped: none is filled)", () => {
    if (filled === undefined) return;
    const copy = join(folder, filled);
    cpSync(join(servable, "npm", filled), copy, { recursive: true });
    expect(run(script, ["--check"], copy)).toMatchObject({ status: 0, stderr: "" });
    const [library = ""] = readdirSync(join(copy, "lib"));
    writeFileSync(join(copy, "lib", "library-of-before.so"), "older");
    expect(run(script, ["--check"], copy)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("has another library than the pinned one"),
    });
    rmSync(join(copy, "lib", "library-of-before.so"));
    writeFileSync(join(copy, "lib", library), "something else");
    expect(run(script, ["--check"], copy).status).toBe(1);
  });
});

describe("a platform package of ONNX Runtime", () => {
  const onnx = join(root, "packages/servable-onnx");
  const platforms = readdirSync(join(onnx, "npm"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it.each(platforms)("%s is for one system, and is not packed without its library", (name) => {
    const [os, cpu] = name.split("-");
    const manifest = readManifest(`packages/servable-onnx/npm/${name}`);
    expect(manifest).toMatchObject({
      name: `@serving-kit/onnxruntime-${name}`,
      ...{ os: [os], cpu: [cpu], files: ["lib", "LICENSE", "ThirdPartyNotices.txt"] },
      scripts: { prepack: "node ../../scripts/platform-packages.mjs --check" },
    });
    expect(manifest.libc).toEqual(os === "linux" ? ["glibc"] : undefined);
    const { optionalDependencies } = readManifest("packages/servable-onnx");
    expect(optionalDependencies).toHaveProperty([manifest.name], "workspace:*");
    const copy = join(folder, name);
    mkdirSync(copy);
    const { status, stderr } = run(join(onnx, "scripts/platform-packages.mjs"), ["--check"], copy);
    expect([status, stderr]).toEqual([1, expect.stringContaining("lacks its library or licences")]);
  });
});

describe("a clone that cannot download 2.21", () => {
  const here = `${process.platform}-${process.arch}`;
  const hasBoth = names.includes(here) && names.includes(`2.9-${here}`);
  const carrier = join(servable, "node_modules/tfjs-tflite-node");

  it.skipIf(!hasBoth || !existsSync(carrier))(
    "has 2.9, and reports why it has no other (skipped: this platform has one runtime)",
    () => {
      const clone = join(folder, "packages/servable-tflite");
      const shared = "packages/native-library/scripts/platform-packages.mjs";
      cpSync(join(root, shared), join(folder, shared));
      for (const path of ["scripts/platform-packages.mjs", "npm/LICENSE", "npm/NOTICE-2.9"]) {
        cpSync(join(servable, path), join(clone, path));
      }
      for (const name of [here, `2.9-${here}`]) mkdirSync(join(clone, "npm", name));
      const modules = join(clone, "node_modules");
      mkdirSync(join(modules, "mvn-artifact-download"), { recursive: true });
      symlinkSync(carrier, join(modules, "tfjs-tflite-node"));
      symlinkSync(join(servable, "node_modules/yauzl"), join(modules, "yauzl"));
      const offline = 'exports.default = async () => { throw new Error("no such host"); };';
      writeFileSync(join(modules, "mvn-artifact-download/index.js"), offline);
      const { status, stderr } = run(join(clone, "scripts/platform-packages.mjs"), [], clone);
      const problem = "getting TensorFlow Lite 2.21 failed: no such host";
      expect(stderr).toBe(`@serving-kit/tflite-${here}: ${problem}\n`);
      expect(status).toBe(1);
      expect(readdirSync(join(clone, "npm", `2.9-${here}`)).sort()).toEqual([
        "LICENSE",
        "NOTICE",
        "lib",
      ]);
    },
  );
});
