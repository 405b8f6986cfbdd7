import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstallProgress } from "@serving-kit/inference";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writePip as writeFakePip } from "../../native-library/test/fake-pip.js";
import { zip } from "../../native-library/test/zip.js";
import { installTensorFlow } from "../src/install/install-tensorflow.js";
import { wheelFor } from "../src/install/wheel.js";

const wheel = wheelFor(`${process.platform}-${process.arch}`);
const canFake = wheel !== undefined && process.platform !== "win32";
const version = "1.2.3";
const wheelName = `${wheel?.package.replaceAll("-", "_")}-${version}-cp311-cp311-any.whl`;

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  environment = { ...process.env };
  await mkdir(join(folder, "bin"));
  process.env.PATH = join(folder, "bin");
  delete process.env.VIRTUAL_ENV;
});

afterEach(async () => {
  process.env = environment;
  await rm(folder, { recursive: true, force: true });
});

const writePip = (ending: string, link?: string) =>
  writeFakePip(folder, { ending, ...(link !== undefined && { link }) });

async function writeWheel(names: readonly string[]): Promise<void> {
  const files = names.map((name) => [`tensorflow/${name}`, { content: `lib ${name}`, method: 8 }]);
  await writeFile(join(folder, "wheel"), zip(Object.fromEntries(files)));
}

/** The SHA-256 of the wheel that was written. */
const sha256Of = async () =>
  createHash("sha256")
    .update(await readFile(join(folder, "wheel")).catch(() => ""))
    .digest("hex");

const install = async (onProgress?: (progress: InstallProgress) => void) =>
  installTensorFlow({
    version,
    sha256: await sha256Of(),
    dir: join(folder, "cache/tensorflow"),
    archives: "http://127.0.0.1:1",
    ...(onProgress && { onProgress }),
  });

const copyWheel = () => `/bin/cp ${folder}/wheel "$dest/${wheelName}"`;

describe.skipIf(!canFake)("installTensorFlow", () => {
  const libraries = wheel?.libraries ?? [];

  it("downloads with pip and unpacks the libraries, once", async () => {
    await writePip(copyWheel());
    await writeWheel(libraries);
    const steps = new Set<string>();
    const installed = await install(({ step }) => steps.add(step));
    expect(installed).toMatchObject({ version, isNew: true });
    expect(await readFile(installed.library, "utf8")).toBe(`lib ${libraries.at(-1)}`);
    expect(steps).toContain("unpacking");
    expect((await readdir(installed.folder)).sort()).toEqual(
      ["installed.json", ...libraries].sort(),
    );
    expect(await readdir(join(folder, "cache/downloads"))).toEqual([]);
    expect(await install()).toEqual({ ...installed, isNew: false });
    const calls = (await readFile(join(folder, "calls"), "utf8")).trim().split("\n");
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatch(/^-m pip index versions tensorflow(-cpu)? -vv /);
    expect(calls[1]).toMatch(/^-m pip download --no-deps --only-binary=:all: /);
    expect(calls[1]).toContain(`--platform ${wheel?.platforms[0]}`);
    expect(calls[1]).toContain("--resume-retries 10");
  });

  it("downloads from the URL that pip reports, resumes after an interruption, and leaves the rest to pip", async () => {
    await writeWheel(libraries);
    const content = await readFile(join(folder, "wheel"));
    const half = Math.floor(content.length / 2);
    const ranges: (string | undefined)[] = [];
    const server = createServer(({ headers: { range } }, response) => {
      ranges.push(range);
      if (ranges.length > 2) return response.writeHead(407).end();
      if (range === undefined) {
        return response
          .setHeader("content-length", content.length)
          .write(content.subarray(0, half));
      }
      const from = `bytes ${half}-${content.length - 1}/${content.length}`;
      return response.writeHead(206, { "content-range": from }).end(content.subarray(half));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const sha256 = createHash("sha256").update(content).digest("hex");
      const { port } = server.address() as AddressInfo;
      const link = `http://127.0.0.1:${port}/${wheelName}#sha256=${sha256}`;
      await writePip("exit 3", link);
      const controller = new AbortController();
      const dir = join(folder, "cache/tensorflow");
      const onProgress = ({ step }: InstallProgress) => {
        if (step === "downloading") controller.abort(new Error("enough"));
      };
      const { signal } = controller;
      await expect(installTensorFlow({ version, sha256, dir, signal, onProgress })).rejects.toThrow(
        "enough",
      );
      const steps = new Set<string>();
      const { library } = await install(({ step }) => steps.add(step));
      expect(await readFile(library, "utf8")).toBe(`lib ${libraries.at(-1)}`);
      expect([...steps]).toEqual(["downloading", "checking", "unpacking"]);
      expect(ranges).toEqual([undefined, `bytes=${half}-`]);

      await rm(dir, { recursive: true });
      await writePip(copyWheel(), link);
      expect(await install()).toMatchObject({ isNew: true });
      expect(ranges).toHaveLength(3);
      expect(await readdir(join(folder, "cache/downloads"))).toEqual([]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("keeps other files in the folder, and replaces its own older files", async () => {
    await writePip(copyWheel());
    await writeWheel(libraries);
    const dir = join(folder, "cache/tensorflow");
    await mkdir(dir, { recursive: true });
    const [library = ""] = libraries;
    await writeFile(join(dir, "letters.txt"), "mine");
    await writeFile(join(dir, library), "older");
    await install();
    expect(await readFile(join(dir, "letters.txt"), "utf8")).toBe("mine");
    expect(await readFile(join(dir, library), "utf8")).toBe(`lib ${library}`);
    expect((await readdir(dir)).sort()).toEqual(
      ["installed.json", "letters.txt", ...libraries].sort(),
    );
  });

  it("reports what pip said, and what to do by hand, when pip fails", async () => {
    await writePip("echo no network at https://name:secret@index.example >&2; exit 3");
    await expect(install()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      reason: "INSTALL_FAILED",
      message: expect.stringMatching(
        /^libtensorflow could not be installed: pip ended with exit code 3:\nno network at https:\/\/index\.example\. By hand: `pip install tensorflow/,
      ),
    });
    expect(await readdir(join(folder, "cache/downloads"))).toEqual([]);
  });

  it("prints manual steps if there is neither pip nor an archive", async () => {
    await expect(install()).rejects.toThrow(
      /(no server answered|nor pip runs).* By hand: .*SERVING_KIT_TENSORFLOW_LIBRARY/,
    );
  });

  it("leaves nothing behind of a wheel that lacks a library", async () => {
    await writePip(copyWheel());
    await writeWheel(libraries.slice(0, 1));
    await expect(install()).rejects.toThrow(`has no ${libraries.at(-1)}`);
    expect(await readdir(join(folder, "cache"))).toEqual(["downloads"]);
  });

  it("stops when the signal aborts", async () => {
    await writePip("/bin/sleep 10");
    const controller = new AbortController();
    const dir = join(folder, "cache/tensorflow");
    const installing = installTensorFlow({
      ...{ version, dir, sha256: await sha256Of() },
      signal: controller.signal,
    });
    controller.abort(new Error("enough"));
    await expect(installing).rejects.toThrow("enough");
  });

  it("rejects an invalid version", async () => {
    await expect(installTensorFlow({ version: "2 --hash" })).rejects.toThrow(TypeError);
  });
});
