import { readFile } from "node:fs";
import { type LoadContext, ServingError } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import {
  FakeLoader,
  type FakeLoaderOptions,
  type FakeServable,
  type LoaderConformanceOptions,
  loaderConformance,
} from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";

const path = "/models/broken/1";
const missing = new ServingError("NOT_FOUND", "MISSING", `no file ${path}`);

/** The clauses that a loader breaks, in the words of the suite. */
async function brokenBy(
  options: Partial<Omit<LoaderConformanceOptions<FakeServable>, "create">> & {
    create?: () => FakeLoader;
  } = {},
  error: unknown = missing,
): Promise<string[]> {
  const made: FakeLoader[] = [];
  const create = () => {
    const loader = options.create?.() ?? new FakeLoader();
    made.push(loader);
    return loader;
  };
  const createBroken = () => {
    const loader = create();
    loader.failLoads(undefined, error);
    return loader;
  };
  const failures = await failuresOf((runner) =>
    loaderConformance(runner, {
      name: "mutant",
      use: (servable) => expect(servable.isUnloaded).toBe(false),
      allocated: () => made.reduce((sum, { live }) => sum + live, 0),
      broken: [{ create: createBroken, path }],
      timeoutMs: 1_000,
      ...options,
      create,
    }),
  );
  return [...failures.keys()];
}

/** A fake loader with another way to load. */
function loading(
  change: (
    load: (context: LoadContext) => Promise<FakeServable>,
    context: LoadContext,
    loader: FakeLoader,
  ) => Promise<FakeServable>,
  options?: FakeLoaderOptions,
): FakeLoader {
  const loader = new FakeLoader(options);
  const load = loader.load.bind(loader);
  loader.load = (context) => change(load, context, loader);
  return loader;
}

describe("loaderConformance rejects a loader", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy()).toEqual([]);
    expect(
      await brokenBy({ create: () => new FakeLoader({ resources: { ramBytes: 1 } }) }),
    ).toEqual([]);
  });

  it("L1 that starts to read on creation", async () => {
    const create = () => {
      readFile(import.meta.filename, () => {});
      return new FakeLoader();
    };
    expect(await brokenBy({ create })).toEqual(["L1"]);
  });

  it("L1 that allocates when it is made", async () => {
    let made = 0;
    const create = () => {
      made++;
      return new FakeLoader();
    };
    expect(await brokenBy({ create, allocated: () => made })).toContain("L1");
  });

  it("L2 whose estimate grows, is not an amount, or is below what it holds", async () => {
    const growing = () => {
      let ramBytes = 1;
      return Object.assign(new FakeLoader(), {
        estimateResources: async () => ({ ramBytes: ramBytes++ }),
      });
    };
    const negative = () => new FakeLoader({ resources: { ramBytes: -1 } });
    const small = () => new FakeLoader({ resources: { ramBytes: 1 } });
    expect(await brokenBy({ create: growing })).toEqual(["L2"]);
    expect(await brokenBy({ create: negative })).toEqual(["L2"]);
    expect(await brokenBy({ create: small, held: () => ({ ramBytes: 2 }) })).toEqual(["L2"]);
  });

  it("L3 whose servable is not ready when load resolves", async () => {
    let uses = 0;
    const use = () => {
      if (uses++ === 0) throw new Error("not warmed up");
    };
    expect(await brokenBy({ use })).toEqual(["L3"]);
  });

  it("L4 that keeps something of a load that failed", async () => {
    const create = () =>
      loading(async (load, context, loader) => {
        try {
          return await load(context);
        } catch (error) {
          if (!context.signal.aborted) loader.live++;
          throw error;
        }
      });
    expect(await brokenBy({ create })).toEqual(["L4"]);
  });

  it("L4 that cannot load again after an abort", async () => {
    const create = () => {
      let isSpent = false;
      return loading(async (load, context) => {
        if (isSpent) throw new Error("spent");
        isSpent = context.signal.aborted;
        return load(context);
      });
    };
    expect(await brokenBy({ create })).toEqual(["L4"]);
  });

  it("L4 that fails in another way the second time", async () => {
    const create = () =>
      loading(async (load, context, loader) => {
        if (loader.loads > 0 && loader.live === 0) await load(context).catch(() => {});
        const isAgain = loader.loads > 1 && loader.live === 0;
        return load(context).catch((error) => {
          throw isAgain ? new ServingError("INTERNAL", "OTHER", path) : error;
        });
      });
    expect(await brokenBy({ create })).toContain("L4");
  });

  it("L5 whose servable frees nothing, or too much when disposed once", async () => {
    const withoutDisposal = () =>
      loading(async (load, context) => {
        const { id, load: number } = await load(context);
        return { id, load: number, isUnloaded: false } as FakeServable;
      });
    expect(await brokenBy({ create: withoutDisposal })).toContain("L5");
    const create = () =>
      loading(async (load, context, loader) => {
        const servable = await load(context);
        loader.live++;
        return servable;
      });
    expect(await brokenBy({ create })).toEqual(expect.arrayContaining(["L5"]));
  });

  it("L6 that returns the same servable again", async () => {
    const create = () => {
      let servable: FakeServable | undefined;
      return loading(async (load, context) => {
        if (servable?.isUnloaded) servable = undefined;
        servable ??= await load(context);
        return servable;
      });
    };
    expect(await brokenBy({ create })).toEqual(["L6"]);
  });

  it("L7 that ignores a signal", async () => {
    expect(await brokenBy({ create: () => new FakeLoader({ honoursAbort: false }) })).toEqual([
      "L7",
    ]);
  });

  it("L7 that leaves a listener, or rejects with an error of its own", async () => {
    const leaving = () =>
      loading((load, context) => {
        context.signal.addEventListener("abort", () => {});
        return load(context);
      });
    const own = () =>
      loading((load, context) =>
        load(context).catch((error) => {
          throw context.signal.aborted ? new Error("aborted") : error;
        }),
      );
    for (const create of [leaving, own]) expect(await brokenBy({ create })).toEqual(["L7"]);
  });

  it("L8 whose error is a plain Error, or has no path, or that has no broken artefact", async () => {
    expect(await brokenBy({}, new Error(`ENOENT ${path}`))).toEqual(["L8"]);
    expect(await brokenBy({}, new ServingError("NOT_FOUND", "MISSING", "no file"))).toEqual(["L8"]);
    expect(await brokenBy({ broken: [] })).toEqual(["L8"]);
  });
});
