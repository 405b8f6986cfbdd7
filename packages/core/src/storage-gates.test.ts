import { deferred, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { StorageGates } from "./storage-gates.js";

function setUp() {
  const gates = new StorageGates();
  const started: string[] = [];
  const call = (path: string, signal?: AbortSignal) => {
    const returns = deferred<string>();
    const begin = () => {
      started.push(path);
      return returns.promise;
    };
    return { returns, settled: gates.run(path, begin, signal) };
  };
  return { gates, started, call };
}

describe("StorageGates", () => {
  it("SG1 has one call of a storage in progress; the others wait in order", async () => {
    const { gates, started, call } = setUp();
    using _m = gates.declare("/nfs/m", "1");
    using _n = gates.declare("/nfs/n", "1");
    const [first, second, third] = ["/nfs/m/1/model", "/nfs/n", "/nfs/m"].map((path) => call(path));
    await turn();
    expect(started).toEqual(["/nfs/m/1/model"]);
    first?.returns.resolve("read");
    expect(await first?.settled).toBe("read");
    await turn();
    expect(started).toEqual(["/nfs/m/1/model", "/nfs/n"]);
    second?.returns.reject(new Error("EIO"));
    await expect(second?.settled).rejects.toThrow("EIO");
    await turn();
    expect(started.at(-1)).toBe("/nfs/m");
    third?.returns.resolve("listed");
    expect(await third?.settled).toBe("listed");
  });

  it("SG1 keeps no other storage waiting while a call never returns", async () => {
    const { gates, started, call } = setUp();
    using _m = gates.declare("/nfs/m", "1");
    using _n = gates.declare("/smb/n", "2");
    for (const path of ["/nfs/m", "/nfs/m", "/smb/n", "/local"]) call(path);
    await turn();
    expect(started).toEqual(["/nfs/m", "/smb/n", "/local"]);
  });

  it("SG2 goes by the nearest folder above, declared last, until that is withdrawn", async () => {
    const { gates, started, call } = setUp();
    using _root = gates.declare("/", "root");
    using _outer = gates.declare("/m", "1");
    const inner = gates.declare("/m/inner", "2");
    const later = gates.declare("/m/inner", "3");
    call("/m/inner/1"); // 3
    call("/m/inner2"); // 1
    call("/other"); // root
    later[Symbol.dispose]();
    later[Symbol.dispose]();
    call("/m/inner/2"); // 2
    inner[Symbol.dispose]();
    call("/m/inner/3"); // 1, which is busy
    await turn();
    expect(started).toEqual(["/m/inner/1", "/m/inner2", "/other", "/m/inner/2"]);
  });

  it("SG3 rejects a call that waits with the reason of its signal", async () => {
    const { gates, started, call } = setUp();
    using _m = gates.declare("/m", "1");
    call("/m");
    const controller = new AbortController();
    const { settled } = call("/m/1", controller.signal);
    controller.abort(new Error("the version is gone"));
    await expect(settled).rejects.toThrow("the version is gone");
    expect(started).toEqual(["/m"]);
  });
});
