import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { InstallLibraryOptions, InstallProgress } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { checkInstallation } from "../src/install/check-installation.js";
import { installTensorFlow } from "../src/install/install-tensorflow.js";
import {
  archive,
  contentOf,
  serveArchive,
  sha256Of,
  skipReason,
  VERSION,
} from "./archive-server.js";
import { bareMachine } from "./bare-machine.js";

const libraries = archive?.libraries.map(({ name }) => name) ?? [];
const machine = bareMachine();

const install = (options: InstallLibraryOptions) =>
  installTensorFlow({ version: VERSION, sha256: sha256Of(), dir: machine.dir, ...options });

describe.skipIf(skipReason)(`what is installed already${skipReason}`, () => {
  it("is kept if it is intact", async () => {
    await using served = await serveArchive();
    const installed = await install(served);
    const steps: string[] = [];
    const onProgress = ({ step }: InstallProgress) => steps.push(step);
    expect(await install({ ...served, onProgress })).toEqual({ ...installed, isNew: false });
    expect([...new Set(steps)]).toEqual(["checking"]);
    expect(served.requests).toHaveLength(1);
  });

  it.each(["changed", "removed"])("is installed again when a file is %s", async (how) => {
    await using served = await serveArchive();
    const installed = await install(served);
    const [name = ""] = libraries;
    const file = join(machine.dir, name);
    if (how === "removed") await rm(file);
    else await changeByte(file);
    const { dir } = machine;
    expect(await checkInstallation({ dir })).toMatchObject({ version: VERSION, damaged: [name] });
    expect(await install(served)).toEqual({ ...installed, isNew: true, repaired: [name] });
    expect(await checkInstallation({ dir })).toMatchObject({ damaged: [] });
    expect(await readFile(file, "utf8")).toBe(contentOf(name));
    expect(await install(served)).toMatchObject({ isNew: false, repaired: [] });
  });

  it("is nothing to check in another folder", async () => {
    expect(await checkInstallation({ dir: machine.dir })).toBeUndefined();
  });

  it("is installed again when nothing says what it was", async () => {
    await using served = await serveArchive();
    await install(served);
    await writeRecord({ version: VERSION });
    expect(await install(served)).toMatchObject({ isNew: true, repaired: [] });
    await writeRecord({ version: VERSION, source: "", library: "x", sha256: { "../x": "" } });
    expect(await install(served)).toMatchObject({ isNew: true, repaired: [] });
  });

  it("is replaced by another version, whose main library may have another name", async () => {
    await using served = await serveArchive();
    await mkdir(machine.dir, { recursive: true });
    await writeFile(join(machine.dir, "libtensorflow_cc.so.2"), "older");
    await install(served);
    expect(await readdir(machine.dir)).not.toContain("libtensorflow_cc.so.2");
  });
});

async function changeByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8(0, 1_000);
  await writeFile(file, bytes);
}

const writeRecord = (record: object) =>
  writeFile(join(machine.dir, "installed.json"), JSON.stringify(record));
