import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isGlibcNode } from "../src/glibc-node.js";
import { loadKoffi } from "../src/koffi.js";

// koffi's JavaScript adds deprecated functions such as `cdecl` to its libraries.
it("is loaded without its JavaScript", () => {
  const library = loadKoffi().load(process.platform === "win32" ? "kernel32.dll" : null);
  expect("cdecl" in library).toBe(false);
});

it("is loaded by its JavaScript if its binary has another place", async () => {
  const file = fileURLToPath(new URL("./koffi-moved-child.ts", import.meta.url));
  const execArgv = ["--conditions=@serving-kit/source", "--import", "tsx"];
  const child = fork(file, { execArgv });
  const ended = once(child, "exit");
  expect(await once(child, "message")).toContain(true);
  expect((await ended)[0]).toBe(0);
});

it.runIf(process.platform === "linux")("knows the C library of Node", () => {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  expect(isGlibcNode()).toBe(header.glibcVersionRuntime !== undefined);
});
