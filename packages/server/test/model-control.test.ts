import { mkdir, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { filesystemProvider } from "@serving-kit/source-filesystem";
import { FakeStorage } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { ModelControl, type ModelControlOptions } from "../src/models/model-control.js";
import { GrpcClient } from "./grpc-client.js";
import type { WholeServerOptions } from "./whole-server.js";
import { World } from "./world.js";

let world: World;
const at = (...path: string[]) => join(world.path, ...path);

beforeEach(async () => {
  world = await World.create();
  await world.publish("models/a", 1);
  await world.publish("models/b", 1);
  await world.publish("elsewhere/c", 1);
});
afterEach(() => world[Symbol.asyncDispose]());

/** The outcome of a client's wish for a folder: "allowed", or the reason. */
async function wish(options: ModelControlOptions, ...paths: string[]): Promise<string> {
  const models = paths.map((basePath) => ({ name: "m", basePath }));
  try {
    await new ModelControl({ sourceProviders: [filesystemProvider()], ...options }).check(models);
    return "allowed";
  } catch (error) {
    expect(error).toMatchObject({ code: "PERMISSION_DENIED", reason: "RELOAD_NOT_ALLOWED" });
    return (error as Error).message;
  }
}

const REFUSED = /^model "m": clients must not load .*--model_roots/;
const models = () => [{ basePath: at("models/a") }];

describe("ModelControl", () => {
  it("MC1 rejects every call with none", async () => {
    const options = { modelControl: "none", models: models() } as const;
    expect(await wish(options, at("models/a"))).toMatch("--model_control=none");
    expect(await wish(options)).toMatch("--model_control=none");
  });

  it("MC3 allows by default paths below the parents of the initial base paths", async () => {
    for (const path of ["models/a", "models/b", "models", "models/a/1", "models/not/there/yet"]) {
      expect(await wish({ models: models() }, at(path)), path).toBe("allowed");
    }
    for (const path of ["elsewhere/c", "", "models2", "models/../elsewhere/c"]) {
      expect(await wish({ models: models() }, at(path)), path).toMatch(REFUSED);
    }
    expect(await wish({ models: models() }, at("models/a"), "/etc")).toMatch(REFUSED);
    expect(await wish({ models: models() })).toBe("allowed");
  });

  it("MC3 allows paths below the base path itself if its parent is the root", async () => {
    const options = { models: [{ basePath: "/serving-kit-has-no-such-folder" }] };
    expect(await wish(options, "/serving-kit-has-no-such-folder/a")).toBe("allowed");
    expect(await wish(options, "/serving-kit-has-no-such-folder")).toBe("allowed");
    expect(await wish(options, "/etc")).toMatch(REFUSED);
  });

  it("MC3 allows only paths below the given roots", async () => {
    const options = { modelRoots: [at("elsewhere"), at("later")], models: models() };
    expect(await wish(options, at("elsewhere/c"), at("later/x"))).toBe("allowed");
    expect(await wish(options, at("models/a"))).toMatch(REFUSED);
  });

  it("MC3 rejects any folder without roots and base paths, and names the flag", async () => {
    expect(await wish({}, at("models/a"))).toMatch(/started without models.*--model_roots/);
    expect(await wish({})).toBe("allowed");
  });

  it("MC4 rejects a folder with the same message whether or not it exists", async () => {
    const refusal = (path: string) => wish({ models: models() }, path);
    const existing = await refusal(at("elsewhere/c"));
    expect(existing).toMatch(REFUSED);
    expect(await refusal(at("elsewhere/d"))).toBe(existing.replace("elsewhere/c", "elsewhere/d"));
  });

  it("MC5 allows URIs below roots that are URIs, by their text", async () => {
    const { provider } = new FakeStorage();
    const sourceProviders = [provider, filesystemProvider()];
    const started = {
      sourceProviders,
      models: [{ basePath: "fake://bucket/models/a" }, ...models()],
    };
    for (const uri of [
      "fake://bucket/models/a",
      "fake://bucket/models/b/c",
      "fake://bucket/models/",
    ]) {
      expect(await wish(started, uri, at("models/b")), uri).toBe("allowed");
    }
    const others = ["fake://bucket/other", "fake://bucket/models/../other", "fake://evil/models/a"];
    for (const uri of [...others, "fake://bucket/models/b?endpoint=evil"]) {
      expect(await wish(started, uri), uri).toMatch(REFUSED);
    }
    const given = { ...started, modelRoots: ["fake://bucket/other"] };
    expect(await wish(given, "fake://bucket/other/c")).toBe("allowed");
    for (const path of ["fake://bucket/models/a", at("models/a")]) {
      expect(await wish(given, path), path).toMatch(REFUSED);
    }
    expect(await wish({ ...started, modelRoots: [world.path] }, "fake://bucket/models/a")).toMatch(
      REFUSED,
    );
    expect(await wish({ models: models() }, `file://${at("models/b")}`)).toBe("allowed");
    expect(await wish({ models: models() }, `file://${at("elsewhere/c")}`)).toMatch(REFUSED);
  });

  it("MC2 resolves symlinks in what a client names", async () => {
    await symlink(at("elsewhere"), at("models/link"));
    await symlink("/proc/self/fd", at("models/fd"));
    await symlink(at("models/loop"), at("models/loop"));
    await symlink(at("models/b"), at("models/same"));
    await symlink(at("models/b"), at("into"));
    for (const path of [
      "models/link",
      "models/link/c",
      "models/link/new",
      "models/fd/0",
      "models/loop",
    ]) {
      expect(await wish({ models: models() }, at(path)), path).toMatch(REFUSED);
    }
    for (const path of ["models/same", "into"]) {
      expect(await wish({ models: models() }, at(path)), path).toBe("allowed");
    }
  });

  it("MC2 resolves symlinks in roots, as they are when a call comes, and in base paths of the start", async () => {
    await symlink(at("models"), at("current"));
    const control = new ModelControl({
      sourceProviders: [filesystemProvider()],
      models: [{ basePath: at("current/a") }],
    });
    await control.check([{ name: "m", basePath: at("current/b") }]);
    await control.check([{ name: "m", basePath: at("models/b") }]);
    // As git-sync does it.
    await mkdir(at("next/b"), { recursive: true });
    await unlink(at("current"));
    await symlink(at("next"), at("current"));
    await control.check([{ name: "m", basePath: at("current/b") }]);

    await symlink(at("elsewhere/c"), at("models/linked"));
    const linked = { models: [{ basePath: at("models/linked") }] };
    expect(await wish(linked, at("models/linked"), at("elsewhere/d"))).toBe("allowed");
  });
});

describe("HandleReloadConfigRequest", () => {
  const lines: string[] = [];
  const tell = (_: object, line: string) => void lines.push(line);
  const serve = (options: Partial<WholeServerOptions> = {}) =>
    world.serve([], {
      models: [{ name: "a", basePath: at("models/a") }],
      logger: { info: tell, warn: tell, error: tell },
      ...options,
    });
  async function reload(server: ModelServer, ...paths: string[]) {
    const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    using client = new GrpcClient(`127.0.0.1:${port}`);
    const config = paths.map((path, i) => ({ name: `m${i}`, base_path: at(path) }));
    return await client.call("ModelService/HandleReloadConfigRequest", {
      config: { model_config_list: { config } },
    });
  }

  it("loads a folder next to the initial ones; any other is rejected without a change", async () => {
    const server = await serve();
    await expect(reload(server, "models/b", "elsewhere/c")).rejects.toMatchObject({ code: 7 });
    expect(server.manager.listAvailable()).toEqual([{ name: "a", version: 1n }]);
    await reload(server, "models/b");
    expect(server.manager.listAvailable()).toEqual([{ name: "m0", version: 1n }]);
    // What the app or a file says is not limited.
    await server.reload([{ name: "c", basePath: at("elsewhere/c") }]);
    expect(server.manager.listAvailable()).toEqual([{ name: "c", version: 1n }]);
  });

  it("is rejected with none, and each use is a line with the peer", async () => {
    const server = await serve({ modelControl: "none" });
    lines.length = 0;
    await expect(reload(server, "models/b")).rejects.toMatchObject({
      code: 7,
      message: expect.stringContaining("--model_control=none"),
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^HandleReloadConfigRequest by 127\.0\.0\.1:\d+: reloading 1 models: "m0" at /,
      ),
      expect.stringMatching(
        /^HandleReloadConfigRequest by 127\.0\.0\.1:\d+: the models stay as they are: /,
      ),
    ]);
  });

  it.each([{ modelControl: "explicit" }, { modelRoots: "/models" }, { modelRoots: [] }])(
    "is not governed by %o",
    async (options) => {
      await expect(serve(options as never)).rejects.toMatchObject({ reason: "CONFIG_INVALID" });
    },
  );
});
