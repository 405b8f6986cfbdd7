import assert from "node:assert/strict";
import {
  type Counted,
  formatServableRequest,
  isServingError,
  ServableHandle,
  type ServableRequest,
  ServingError,
  servableId,
  silentLogger,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { Acquire, AcquireDecorator } from "@serving-kit/server";
import { FakeClock } from "../fake-clock.js";
import { FakePredictor } from "../fake-predictor.js";
import type { Runner, SuiteOptions } from "../runner.js";
import { registerSuite, type Tests } from "../suite.js";
import { assertModule } from "./plugin-module.js";

/** Options for `acquireDecoratorConformance`. */
export interface AcquireDecoratorConformanceOptions extends SuiteOptions {
  /** Creates a decorator. */
  create(): AcquireDecorator | Promise<AcquireDecorator>;
  /** The existing servables, which are all that the decorator may request. */
  readonly servables: readonly { readonly name: string; readonly version: number }[];
  /** Requests that it accepts, changed or unchanged. At least one. */
  readonly accepted: readonly ServableRequest[];
  /** Requests that it refuses. Default none. */
  readonly refused?: readonly ServableRequest[];
}

/** Number of times that a request is made, so that random choices occur. */
const TIMES = 50;

/** Registers the tests that verify that a decorator keeps the contract of `AcquireDecorator`: AD1 to AD5, and PL1. */
export function acquireDecoratorConformance(
  runner: Runner,
  options: AcquireDecoratorConformanceOptions,
): void {
  const fixture = {
    "has a request that the decorator lets through": async () => {
      assert.ok(options.accepted.length > 0, "expected an accepted request; got none");
    },
  };
  registerSuite(runner, options, "AcquireDecorator", fixture, clauses(options));
}

function clauses(options: AcquireDecoratorConformanceOptions): Tests {
  const { accepted, refused = [] } = options;
  const decorated = async () => {
    const inner = new Inner(options);
    const { acquire } = inner.decorate(await options.create());
    return { inner, acquire };
  };
  return {
    "AD1 it returns a handle that the inner acquire gave, or throws a ServingError": async () => {
      const { inner, acquire } = await decorated();
      for (const request of times(accepted)) {
        const handle = acquire(request);
        assert.ok(
          inner.predictors.has(handle.servable),
          "expected a servable of the inner acquire",
        );
        assert.equal(typeof handle.id?.version, "bigint", "the version of a handle");
        handle.release();
      }
      for (const request of times([...refused, { name: "no_such_model" }])) {
        const error = errorOf(() => acquire(request));
        assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
      }
    },

    "AD2 releasing a handle releases all that was acquired, once": async () => {
      const { inner, acquire } = await decorated();
      for (const request of times(accepted)) {
        const handles = [acquire(request), acquire(request)] as const;
        handles[0].release();
        handles[0].release();
        assert.ok(inner.held > 0, "expected the other handle to be held");
        assert.ok(inner.predictors.has(handles[1].servable), "expected a handle that is usable");
        handles[1][Symbol.dispose]();
        assert.equal(inner.held, 0, "handles that are held after their release");
      }
      for (const request of times(refused)) errorOf(() => acquire(request));
      assert.equal(inner.held, 0, "handles that are held after a refusal");
    },

    "AD3 what the inner acquire throws reaches the caller": async () => {
      const { inner, acquire } = await decorated();
      inner.failure = new ServingError("UNAVAILABLE", "SERVER_STARTING", "it starts");
      for (const request of times(accepted)) {
        assert.equal(
          errorOf(() => acquire(request)),
          inner.failure,
          "the error of a call",
        );
      }
      inner.failure = undefined;
      for (const request of times(accepted)) acquire(request).release();
      assert.equal(inner.held, 0, "handles that are held after failures");
    },

    "AD4 handles that are released at once change nothing for later calls": async () => {
      const { inner, acquire } = await decorated();
      for (let i = 0; i < 20; i++)
        for (const request of times(accepted)) acquire(request).release();
      assert.equal(inner.held, 0, "handles that are held");
    },

    "AD5 decorate acquires nothing, and serves each event loop by itself": async () => {
      const decorator = await options.create();
      const [first, second] = [new Inner(options), new Inner(options)];
      const loops = [first.decorate(decorator), second.decorate(decorator)] as const;
      assert.equal(first.acquired + second.acquired, 0, "calls of the inner acquire by decorate");
      for (const request of accepted) {
        const handle = loops[0].acquire(request);
        assert.ok(first.predictors.has(handle.servable), "expected a servable of the first loop");
        handle.release();
      }
      assert.equal(second.acquired, 0, "calls of the inner acquire of another loop");
    },

    "PL1 its module exports it, for other event loops": async () => {
      await assertModule(await options.create());
    },
  };
}

const times = (requests: readonly ServableRequest[]) =>
  Array.from({ length: TIMES }, () => requests).flat();

function errorOf(call: () => ServableHandle<Predictor>): unknown {
  try {
    call().release();
  } catch (error) {
    return error;
  }
  return assert.fail("expected a refusal; got a handle");
}

/** The inner `acquire` of an event loop, which counts held handles. */
class Inner {
  readonly predictors = new Set<unknown>();
  acquired = 0;
  failure: ServingError | undefined;
  readonly #versions: readonly Counted<Predictor>[];

  constructor({ servables }: AcquireDecoratorConformanceOptions) {
    this.#versions = servables.map(({ name, version }) => {
      const servable = new FakePredictor();
      this.predictors.add(servable);
      return { id: servableId(name, version), servable, handleCount: 0, onIdle: undefined };
    });
  }

  /** The number of held handles. */
  get held(): number {
    return this.#versions.reduce((sum, { handleCount }) => sum + handleCount, 0);
  }

  decorate(decorator: AcquireDecorator): { readonly acquire: Acquire } {
    const host = {
      clock: new FakeClock(),
      logger: silentLogger,
      modelNames: () => [...new Set(this.#versions.map(({ id }) => id.name))],
    };
    return { acquire: decorator.decorate((request) => this.#acquire(request), host) };
  }

  #acquire(request: ServableRequest): ServableHandle<Predictor> {
    this.acquired++;
    if (this.failure) throw this.failure;
    const { name, version } = request;
    const found = this.#versions
      .filter(({ id }) => id.name === name)
      .filter(({ id }) => version === undefined || id.version === BigInt(version))
      .sort((a, b) => Number(b.id.version - a.id.version))[0];
    if (found !== undefined) return new ServableHandle(found);
    const text = `${formatServableRequest(request)} is not among the servables of the suite`;
    throw new ServingError("NOT_FOUND", "SERVABLE_NOT_FOUND", text);
  }
}
