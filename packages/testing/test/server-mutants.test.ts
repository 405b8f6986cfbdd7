import { isServingError, ServingError } from "@serving-kit/core";
import {
  type CalledVersion,
  createModelServer,
  type HttpRequest,
  type ModelServer,
  type ModelServerOptions,
  type Observer,
  type Protocol,
  type ServerCore,
} from "@serving-kit/server";
import { describe, expect, it } from "vitest";
import { MODELS } from "../src/plugins/fixture-model.js";
import { serverConformance } from "../src/plugins/index.js";
import { type ProtocolChange, withCalls, wrapProtocol } from "../src/plugins/wrap-protocol.js";
import { failuresOf } from "./collecting-runner.js";
import { plainGrpc, plainHttp, plainProtocol } from "./plain-protocol.js";

type Options = ModelServerOptions;
type Create = (options: Options) => Promise<ModelServer>;

/** The clauses that a server breaks, in the words of the suite. */
async function brokenBy(createServer: Create): Promise<string[]> {
  const failures = await failuresOf((runner) =>
    serverConformance(runner, {
      name: "mutant",
      createServer: createServer as typeof createModelServer,
      create: () => plainProtocol(),
      ...{ http: plainHttp, grpc: plainGrpc },
      timeoutMs: 1_500,
    }),
  );
  return [...failures.keys()];
}

/** A server with other options. */
const withOptions =
  (change: (options: Options) => Partial<Options>): Create =>
  (options) =>
    createModelServer({ ...options, ...change(options) });

/** A server that gives its protocols something else. */
const withProtocols = (change: (protocol: Protocol) => Protocol) =>
  withOptions(({ protocols = [] }) => ({ protocols: protocols.map(change) }));

const wrapping = (change: ProtocolChange) =>
  withProtocols((protocol) => wrapProtocol(protocol, change));

const withCore = (change: (core: ServerCore) => Partial<ServerCore>) =>
  wrapping({ core: (core) => ({ ...core, ...change(core) }) });

/** A server whose observers see something else. */
const withObservers = (change: (observer: ReturnType<Observer["observe"]>) => object) =>
  withOptions(({ observers = [] }) => ({
    observers: observers.map((observer) => ({
      ...observer,
      observe: (host) => {
        const own = observer.observe(host);
        return { ...own, ...change(own) };
      },
    })),
  }));

describe("serverConformance rejects a server", { timeout: 60_000 }, () => {
  it("but not createModelServer", async () => {
    expect(await brokenBy(createModelServer as Create)).toEqual([]);
  });

  it("PS1 that lets the first of two protocols win", async () => {
    const first: Create = async (options) => {
      try {
        return await createModelServer(options);
      } catch {
        const { protocols = [] } = options;
        return createModelServer({ ...options, protocols: protocols.slice(0, 1) });
      }
    };
    expect(await brokenBy(first)).toEqual(["PS1"]);
  });

  it("PS2 that ends calls twice, or before their answer is encoded, or hides those without a body", async () => {
    const twice = withObservers(({ begin }) => ({
      begin: (start: never) => {
        const call = begin?.(start);
        const end = (error?: unknown) => {
          call?.end(error);
          call?.end(error);
        };
        return { ...call, end };
      },
    }));
    expect(await brokenBy(twice)).toEqual(["PS2"]);
    const early = withCore((core) => ({
      call: async ({ encode, ...call }, context) => {
        if (encode === undefined) return core.call(call as never, context);
        let encoded = () => undefined as never;
        await core.call(
          {
            ...call,
            run: async (version: CalledVersion, body: never) => {
              const outcome = await call.run(version, body);
              encoded = () => encode(outcome, version.id) as never;
            },
          },
          context,
        );
        return encoded();
      },
    }));
    expect(await brokenBy(early)).toEqual(["PS2"]);
    const hiding = withCore((core) => ({
      call: async (call, context) => {
        if (call.body === undefined) return core.call(call, context);
        const { api: _, ...silent } = call;
        try {
          const body = await call.body(context?.allowance as never);
          return await core.call({ ...call, body: () => body }, context);
        } catch (error) {
          if (!isServingError(error) || error.reason !== "BODY_TOO_LARGE") throw error;
          return core.call({ ...silent, body: () => Promise.reject(error) }, context);
        }
      },
    }));
    expect(await brokenBy(hiding)).toContain("PS2");
  });

  it("PS3 that passes a deadline on to the model alone", async () => {
    const trusting = withCore((core) => ({
      call: (call, { deadlineAtMs: _, timeoutMs: __, signal: ___, ...context } = {}) =>
        core.call(call, context),
    }));
    expect(await brokenBy(trusting)).toContain("PS3");
  });

  it("PS4 that holds a version for the whole of a call, or encodes while it holds one", async () => {
    const holding: Create = async (options) => {
      let server: ModelServer | undefined;
      const { protocols = [], beforeStart } = options;
      return createModelServer({
        ...options,
        beforeStart: async (made) => {
          server = made as ModelServer;
          await beforeStart?.(made);
        },
        protocols: protocols.map((protocol) =>
          wrapProtocol(protocol, {
            core: (core) => ({
              ...core,
              call: async (call, context) => {
                const handle = held(server);
                try {
                  return await core.call(call, context);
                } finally {
                  handle?.release();
                }
              },
            }),
          }),
        ),
      });
    };
    expect(await brokenBy(holding)).toContain("PS4");
    const encoding = withProtocols((protocol) =>
      withCalls(protocol, ({ encode, ...call }) =>
        encode === undefined
          ? call
          : { ...call, run: async (...run) => encode(await call.run(...run), run[0].id) as never },
      ),
    );
    expect(await brokenBy(encoding)).toEqual(["PS4"]);
  });

  it("PS5 that rejects everything while it starts, or has calls wait", async () => {
    const starting = (core: ServerCore) => {
      if (core.isStarted()) return;
      throw new ServingError("UNAVAILABLE", "STARTING", "the server is starting");
    };
    const shut = withProtocols((protocol) => {
      let own: ServerCore;
      return wrapProtocol(protocol, {
        core: (core) => {
          own = core;
          return core;
        },
        route: (route) => ({
          ...route,
          handle: (request) => {
            starting(own);
            return route.handle(request);
          },
        }),
      });
    });
    expect(await brokenBy(shut)).toEqual(["PS5"]);
    const waiting = withCore((core) => ({
      call: async (call, context) => {
        while (!core.isStarted() && !core.closing.aborted) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        return core.call(call, context);
      },
    }));
    expect(await brokenBy(waiting)).toEqual(["PS5"]);
  });

  it("PS6 that answers all while it closes, or cuts off what has begun", async () => {
    const open = wrapping({ route: (route) => ({ ...route, whileClosing: true }) });
    expect(await brokenBy(open)).toEqual(["PS6"]);
    const hasty: Create = async (options) => {
      const server = await createModelServer(options);
      const close = server.close.bind(server);
      server.close = () => close({ deadlineMs: 0 });
      return server;
    };
    expect(await brokenBy(hasty)).toEqual(["PS6"]);
  });

  it("PS7 that accepts bodies of any length", async () => {
    const greedy = withOptions(({ rest }) => ({ rest: { ...rest, maxBodyBytes: 2 ** 40 } }));
    expect(await brokenBy(greedy)).toEqual(["PS7"]);
  });

  it("PS8 that shows the message of any error, or logs none", async () => {
    const frank = withCore((core) => ({
      call: async (call, context) => {
        try {
          return await core.call(call, context);
        } catch (error) {
          if (isServingError(error) && error.reason !== "MODEL_THREW") throw error;
          throw new ServingError("INTERNAL", "FRANK", String(error));
        }
      },
    }));
    expect(await brokenBy(frank)).toEqual(["PS8"]);
    expect(await brokenBy(withOptions(() => ({ logger: undefined as never })))).toEqual(["PS8"]);
  });

  it("PS9 that reads all of a body before it rejects it", async () => {
    const patient = wrapping({
      route: (route) => ({
        ...route,
        handle: async (request: HttpRequest) => {
          const body = await request.body();
          return route.handle({ ...request, ...{ params: request.params, body: () => body } });
        },
      }),
    });
    expect(await brokenBy(patient)).toContain("PS9");
  });

  it("PS10 that waits for its clients indefinitely, and accepts any number of them", async () => {
    const Infinite = Number.POSITIVE_INFINITY;
    const patient = withOptions(({ limits }) => ({
      limits: { ...limits, stalledAnswerTimeoutMs: Infinite, idleStreamTimeoutMs: Infinite },
    }));
    expect(await brokenBy(patient)).toEqual(["PS10"]);
    const crowded = withOptions(({ limits }) => ({ limits: { ...limits, connections: 1_000 } }));
    expect(await brokenBy(crowded)).toEqual(["PS10"]);
  });

  it("PS11 that does not ask the app, or not about the model", async () => {
    const open = withOptions(() => ({ authorize: () => true }));
    expect(await brokenBy(open)).toEqual(["PS11", "PS12"]);
    const coarse = withOptions(({ authorize }) => ({
      ...(authorize && {
        authorize: (request) => request.model !== undefined || authorize(request),
      }),
    }));
    expect(await brokenBy(coarse)).toEqual(["PS11", "PS12"]);
  });

  it("PS12 that counts no refusals, or counts them twice", async () => {
    const silent = withObservers(() => ({ refused: () => {} }));
    expect(await brokenBy(silent)).toEqual(["PS10", "PS12"]);
    const double = withObservers(({ refused }) => ({
      refused: (kind: never) => {
        refused?.(kind);
        refused?.(kind);
      },
    }));
    expect(await brokenBy(double)).toEqual(["PS12"]);
  });

  it("CB1, CB2 that lets a request use any amount of memory", async () => {
    const free = withAllowance(() => ({ take: () => {} }));
    expect(await brokenBy(free)).toEqual(["CB1", "CB2", "CB3"]);
  });

  it("CB3 whose requests hold memory after their end", async () => {
    const keeping = withAllowance((allowance) => ({
      take(bytes: number) {
        allowance.take(bytes);
        keep(allowance, bytes, 100);
      },
    }));
    expect(await brokenBy(keeping)).toContain("CB3");
  });
});

/** Takes the memory again in each of the next turns, because a request ends in a turn that the test cannot observe. */
function keep(allowance: Allowance, bytes: number, turns: number) {
  setImmediate(() => {
    allowance.answer(bytes);
    if (turns > 1) keep(allowance, bytes, turns - 1);
  });
}

/** A handle of any model, if one is available. */
function held(server: ModelServer | undefined) {
  try {
    return server?.manager.acquire({ name: MODELS.half });
  } catch {
    return undefined;
  }
}

type Allowance = NonNullable<HttpRequest["allowance"]>;

/** A server whose requests have another allowance. */
function withAllowance(change: (allowance: Allowance) => Partial<Allowance>): Create {
  const changed = <T extends { readonly allowance?: Allowance | undefined }>(context: T): T => {
    const { allowance } = context;
    if (allowance === undefined) return context;
    const own: Allowance = {
      receive: (bytes) => allowance.receive(bytes),
      take: (bytes) => allowance.take(bytes),
      answer: (bytes) => allowance.answer(bytes),
      [Symbol.dispose]: () => allowance[Symbol.dispose](),
      ...change(allowance),
    };
    return new Proxy(context, {
      get: (target, key) => (key === "allowance" ? own : Reflect.get(target, key, target)),
    });
  };
  return wrapping({
    route: (route) => ({ ...route, handle: (request) => route.handle(changed(request)) }),
    method: (method) =>
      method.kind === "unary"
        ? {
            kind: "unary",
            handle: (message, context) => method.handle(message, changed(context)),
          }
        : method,
  });
}
