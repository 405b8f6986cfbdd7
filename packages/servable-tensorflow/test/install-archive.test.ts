import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { InstallLibraryOptions, InstallProgress } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { installTensorFlow } from "../src/install/install-tensorflow.js";
import {
  type ArchiveServerOptions,
  archive,
  contentOf,
  makeArchive,
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

/** Returns the error of an installation from a server. It leaves no download that is not resumable. */
async function failure(
  server: ArchiveServerOptions,
  options: InstallLibraryOptions = {},
): Promise<string> {
  await using served = await serveArchive(server);
  const error = await install({ ...served, ...options }).catch((error) => error);
  expect(error).toMatchObject({ code: "UNAVAILABLE", reason: "INSTALL_FAILED" });
  expect(await readdir(join(machine.folder, "cache/downloads")).catch(() => [])).toEqual([]);
  return error.message;
}

describe.skipIf(skipReason)(`without pip, installTensorFlow${skipReason}`, () => {
  it("gets the official archive, checks it and unpacks the two libraries under their names", async () => {
    await using served = await serveArchive();
    const steps: InstallProgress[] = [];
    const installed = await install({ ...served, onProgress: (at) => steps.push(at) });
    const library = join(machine.dir, libraries.at(-1) as string);
    expect(installed).toEqual({
      version: VERSION,
      folder: machine.dir,
      library,
      isNew: true,
      repaired: [],
    });
    for (const name of libraries) {
      expect(await readFile(join(machine.dir, name), "utf8")).toBe(contentOf(name));
    }
    expect((await readdir(machine.dir)).sort()).toEqual(
      ["THIRD_PARTY_NOTICES.txt", "installed.json", ...libraries].sort(),
    );
    expect(await readdir(join(machine.folder, "cache/downloads"))).toEqual([]);
    expect([...new Set(steps.map(({ step }) => step))]).toEqual([
      ...["downloading", "checking", "unpacking"],
    ]);
    const total = makeArchive().length;
    const downloading = steps.filter(({ step }) => step === "downloading");
    expect(downloading.at(-1)).toMatchObject({ bytes: total, totalBytes: total });
    expect(served.requests).toEqual(["GET"]);
  });

  it("resumes when the connection breaks", async () => {
    await using served = await serveArchive();
    const half = Math.floor(makeArchive().length / 2);
    served.cutAt = half;
    await install(served);
    expect(served.requests[0]).toBe("GET");
    expect(served.requests[1]).toMatch(/^GET bytes=\d+-$/);
    expect(await readFile(join(machine.dir, libraries[0] as string), "utf8")).toBe(
      contentOf(libraries[0] as string),
    );
  });

  it("resumes an aborted attempt", async () => {
    await using served = await serveArchive();
    const half = Math.floor(makeArchive().length / 2);
    served.cutAt = half;
    const controller = new AbortController();
    const onProgress = ({ bytes }: InstallProgress) => {
      if (bytes === half) controller.abort(new Error("enough"));
    };
    const { signal } = controller;
    await expect(install({ ...served, signal, onProgress })).rejects.toThrow("enough");
    expect(await install(served)).toMatchObject({ isNew: true });
    expect(served.requests).toEqual(["GET", `GET bytes=${half}-`]);
  });

  it("reports what the server answers, and what to do by hand", async () => {
    const message = await failure({ status: 503 });
    expect(message).toContain(`${archive?.name}: the server answered 503. By hand: `);
    expect(message).toContain(
      `/tensorflow/versions/${archive?.version}/${archive?.name}), and set SERVING_KIT`,
    );
  });

  it("does not show the password of a mirror", async () => {
    const archives = "http://name:secret@127.0.0.1:1";
    const message = await failure({}, { archives });
    expect(message).toContain(`http://127.0.0.1:1/${VERSION}/${archive?.name}: `);
    expect(message).not.toContain("secret");
  });

  it("rejects a truncated archive, and a different one", async () => {
    const damaged = "what came is damaged, or another file: expected sha256 ";
    expect(await failure({ content: makeArchive().subarray(0, -100) })).toContain(damaged);
    expect(await failure({}, { sha256: "0".repeat(64) })).toContain(damaged);
  });

  it("rejects another version than the pinned one without its checksum", async () => {
    const { sha256: _, ...options } = { version: VERSION, sha256: "", dir: machine.dir };
    await expect(installTensorFlow(options)).rejects.toThrow(
      /the checksum of .* 1\.2\.3 is not known; expected .* or the SHA-256 of its file by --sha256/,
    );
  });

  it("rejects another archive than the pinned one in its place, and another checksum", async () => {
    const { version, sha256 } = archive as NonNullable<typeof archive>;
    expect(await failure({}, { version, sha256 })).toContain(`expected sha256 ${sha256}`);
    expect(await failure({}, { version })).toContain(`is ${sha256}; got ${sha256Of()}`);
  });

  it("rejects an archive without the libraries, and leaves nothing behind", async () => {
    const content = makeArchive(["libtensorflow.so.old"]);
    await using served = await serveArchive({ content });
    await expect(install({ ...served, sha256: sha256Of(content) })).rejects.toThrow(
      `has no ${libraries[0]}`,
    );
    expect(await readdir(join(machine.folder, "cache"))).toEqual(["downloads"]);
  });
});
