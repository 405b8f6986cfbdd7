import type { ServableHandle } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { AcquireDecorator } from "@serving-kit/server";
import { describe, expect, it } from "vitest";
import { FakePredictor } from "../src/index.js";
import { acquireDecoratorConformance } from "../src/plugins/index.js";
import { failuresOf } from "./collecting-runner.js";
import { doorOpening, doorOptions } from "./plugin-suites.js";

/** The clauses that a decorator breaks, in the words of the suite. */
async function brokenBy(
  decorate: AcquireDecorator["decorate"],
  plugin: Partial<AcquireDecorator> = {},
): Promise<string[]> {
  const create = () => ({ name: "door", decorate, ...plugin });
  const failures = await failuresOf((runner) =>
    acquireDecoratorConformance(runner, { ...doorOptions, create }),
  );
  return [...failures.keys()];
}

describe("acquireDecoratorConformance rejects a decorator", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(doorOpening)).toEqual([]);
  });

  it("AD1 that returns a servable of its own, or throws any error", async () => {
    const foreign: AcquireDecorator["decorate"] = (acquire, host) => {
      const open = doorOpening(acquire, host);
      const servable = new FakePredictor();
      return (request) => changed(open(request), { servable });
    };
    expect(await brokenBy(foreign)).toContain("AD1");
    const rude: AcquireDecorator["decorate"] = (acquire, host) => (request) => {
      if (request.name === "closed") throw new Error("closed");
      return doorOpening(acquire, host)(request);
    };
    expect(await brokenBy(rude)).toEqual(["AD1"]);
  });

  it("AD2 that keeps a second handle, or never releases, also when it rejects", async () => {
    const greedy: AcquireDecorator["decorate"] = (acquire, host) => {
      const open = doorOpening(acquire, host);
      return (request) => {
        open(request);
        return open(request);
      };
    };
    expect(await brokenBy(greedy)).toContain("AD2");
    const late: AcquireDecorator["decorate"] = (acquire, host) => {
      const open = doorOpening(acquire, host);
      return (request) => {
        if (request.name === "closed") acquire({ name: "open" });
        return open(request);
      };
    };
    expect(await brokenBy(late)).toEqual(["AD2"]);
  });

  it("AD3 that hides the error of the server", async () => {
    const hiding: AcquireDecorator["decorate"] = (acquire, host) => {
      const open = doorOpening(acquire, host);
      return (request) => {
        try {
          return open(request);
        } catch (error) {
          throw Object.assign(new Error("failed"), { ...(error as object), name: "ServingError" });
        }
      };
    };
    expect(await brokenBy(hiding)).toContain("AD3");
  });

  it("AD4 that counts calls by their handles and never forgets them", async () => {
    const limited: AcquireDecorator["decorate"] = (acquire, host) => {
      const open = doorOpening(acquire, host);
      let calls = 0;
      return (request) => {
        if (++calls > 500) throw new TypeError("too many");
        return open(request);
      };
    };
    expect(await brokenBy(limited)).toEqual(["AD4"]);
  });

  it("AD5 that acquires while it decorates, or shares one acquire between event loops", async () => {
    const eager: AcquireDecorator["decorate"] = (acquire, host) => {
      acquire({ name: "open" }).release();
      return doorOpening(acquire, host);
    };
    expect(await brokenBy(eager)).toEqual(["AD5"]);
    const sharing = () => {
      let last: Parameters<AcquireDecorator["decorate"]>[0];
      const decorate: AcquireDecorator["decorate"] = (acquire, host) => {
        last = acquire;
        return (request) => doorOpening(last, host)(request);
      };
      return decorate;
    };
    expect(await brokenBy(sharing())).toEqual(["AD5"]);
  });

  it("PL1 whose module does not export it", async () => {
    const module = { url: "data:text/javascript,export default { name: 'other' }" };
    expect(await brokenBy(doorOpening, { module })).toEqual(["PL1"]);
  });
});

/** A handle with other members. */
function changed(handle: ServableHandle<Predictor>, members: { readonly servable: Predictor }) {
  return new Proxy(handle, {
    get: (target, key) =>
      key === "servable" ? members.servable : Reflect.get(target, key, target).bind?.(target),
  });
}
