import type { Tensors } from "@serving-kit/inference";
import type {
  CallContext,
  CalledVersion,
  GrpcMethod,
  HttpRoute,
  Protocol,
  ServerCore,
} from "@serving-kit/server";
import { describe, expect, it } from "vitest";
import { protocolConformance } from "../src/plugins/index.js";
import { wrapProtocol } from "../src/plugins/wrap-protocol.js";
import { failuresOf } from "./collecting-runner.js";
import { plainGrpc, plainHttp, plainProtocol, steps } from "./plain-protocol.js";

/** The clauses that a protocol breaks over each of its transports, in the words of the suite. */
async function brokenBy(create: () => Protocol, transports = [HTTP, GRPC]): Promise<string[][]> {
  const broken: string[][] = [];
  for (const subject of transports) {
    const failures = await failuresOf((runner) =>
      protocolConformance(runner, {
        name: "mutant",
        create: () => onlyOf(create(), subject),
        ...subject,
        timeoutMs: 1_500,
      }),
    );
    broken.push([...failures.keys()]);
  }
  return broken;
}

const HTTP = { http: plainHttp };
const GRPC = { grpc: plainGrpc };

/** A protocol of one transport, so that each is seen to catch the mutant. */
function onlyOf(protocol: Protocol, subject: object): Protocol {
  const { http, grpc, ...rest } = protocol;
  return { ...rest, ...("http" in subject ? { http } : { grpc }) } as Protocol;
}

const both = (...clauses: string[]) => [clauses, clauses];

/** The plain protocol with another core. */
const withCore = (change: (core: ServerCore) => Partial<ServerCore>): Protocol => {
  const plain = plainProtocol();
  const changed = (core: ServerCore): ServerCore => ({ ...core, ...change(core) });
  return {
    ...plain,
    http: (core) => plain.http?.(changed(core)) ?? [],
    grpc: (core) => plain.grpc?.(changed(core)) ?? [],
  };
};

const forRoutes = (change: (route: HttpRoute) => HttpRoute) => () =>
  wrapProtocol(plainProtocol(), { route: change });

const forMethods = (change: (method: GrpcMethod) => GrpcMethod) => () =>
  wrapProtocol(plainProtocol(), { method: change });

describe("protocolConformance rejects a protocol", { timeout: 60_000 }, () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(() => plainProtocol())).toEqual(both());
  });

  it("PR1 that reads states when it makes its routes, waits for the end, or makes others", async () => {
    const eager = withCore((core) => {
      core.versions();
      return {};
    });
    expect(await brokenBy(() => eager)).toEqual(both("PR1"));
    const listening = withCore((core) => {
      core.closing.addEventListener("abort", () => {});
      return {};
    });
    expect(await brokenBy(() => listening)).toEqual(both("PR1"));
    let made = 0;
    const growing = () => ({
      ...plainProtocol(),
      http: () => [
        { method: "GET", path: `/${made++}`, handle: () => ({ status: 200, body: NONE }) },
      ],
    });
    expect((await brokenBy(growing, [HTTP]))[0]).toContain("PR1");
  });

  it("PR2 that calls the predictor itself", async () => {
    const direct = () =>
      plainProtocol({
        async run(version, message) {
          const { predict } = version.predictor;
          const through = (call: Parameters<CalledVersion["predict"]>[0]) => predict(call.inputs);
          return steps.run({ ...version, predictor: version.predictor, predict: through }, message);
        },
      });
    for (const broken of await brokenBy(direct)) expect(broken).toContain("PR2");
  });

  it("PR3 whose apis are undeclared, or that hides a model or a call", async () => {
    expect(await brokenBy(() => ({ ...plainProtocol(), apis: ["Infer"] }))).toEqual(both("PR3"));
    const silent = () =>
      withCore((core) => ({ call: ({ api: _, ...call }, context) => core.call(call, context) }));
    for (const broken of await brokenBy(silent)) expect(broken).toContain("PR3");
  });

  it("PR4 that reads the body of an unknown model, or decodes before it looks for the signature", async () => {
    const reading = () =>
      withCore((core) => ({
        call: async ({ servable, ...call }, context) => {
          const body = await call.body?.(context?.allowance as never);
          const name = servable ?? call.locate?.(body as never);
          return core.call({ ...call, body: () => body as never, servable: name }, context);
        },
      }));
    expect(await brokenBy(reading, [HTTP])).toEqual([["PR4"]]);
    const decoding = () =>
      plainProtocol({
        run(version, message) {
          for (const { dtype } of Object.values(message.tensors)) {
            if (dtype === ("float31" as never)) throw new TypeError("no such dtype");
          }
          return steps.run(version, message);
        },
      });
    expect(await brokenBy(decoding)).toEqual(both("PR4"));
  });

  it("PR5 that calls without the context of the request", async () => {
    const unbound = () =>
      withCore((core) => ({
        call: (call, { allowance } = {}) => core.call(call, { allowance }),
      }));
    expect(await brokenBy(unbound)).toEqual(both("PR5"));
  });

  it("PR6 that answers 200 for errors, or the message of any error, or another status", async () => {
    const lenient = forRoutes((route) => ({
      ...route,
      async handle(request) {
        try {
          return await route.handle(request);
        } catch (error) {
          return { status: 200, body: Buffer.from(JSON.stringify({ error: String(error) })) };
        }
      },
    }));
    expect(await brokenBy(lenient, [HTTP])).toEqual([["PR4", "PR6", "PR11"]]);
    const forgiving = forRoutes((route) => ({
      ...route,
      handle: (request) => {
        const read = async () => request.body();
        const body = () => read().catch(() => NO_TENSORS);
        return route.handle({ ...request, body });
      },
    }));
    expect(await brokenBy(forgiving, [HTTP])).toEqual([["PR6"]]);
    const uniform = () => ({
      ...plainProtocol(),
      httpError: ({ message }: { readonly message: string }) => ({
        status: 500,
        body: Buffer.from(JSON.stringify({ error: message })),
      }),
    });
    expect(await brokenBy(uniform, [HTTP])).toEqual([["PR4", "PR6", "PR11"]]);
    const empty = forMethods((method) => {
      if (method.kind !== "unary") return method;
      const handle = async (request: Uint8Array, context: CallContext) => {
        try {
          return await method.handle(request, context);
        } catch {
          return NONE;
        }
      };
      return { kind: "unary", handle };
    });
    expect(await brokenBy(empty, [GRPC])).toEqual([["PR4", "PR6", "PR11"]]);
  });

  it("PR7 that answers other outputs, loses bits, or answers with another model", async () => {
    const inverted = () =>
      plainProtocol({
        encode: ({ y, ...rest }) => steps.encode({ ...rest, y: negated(y) } as Tensors),
      });
    for (const broken of await brokenBy(inverted)) expect(broken).toContain("PR7");
    const unsigned = () =>
      plainProtocol({
        encode: ({ y }) =>
          steps.encode((y?.dtype === "float32" ? { y: withoutSigns(y) } : { y }) as Tensors),
      });
    expect(await brokenBy(unsigned)).toEqual(both("PR7"));
    const constant = () =>
      withCore((core) => ({
        call: (call, context) => {
          const other = (name: string) => ({
            name: name === "half_plus_three" ? "half_plus_two" : name,
          });
          const { servable, locate } = call;
          return core.call(
            {
              ...call,
              ...(servable && { servable: other(servable.name) }),
              ...(locate && { locate: (body: never) => other(locate(body).name) }),
            } as typeof call,
            context,
          );
        },
      }));
    for (const broken of await brokenBy(constant)) expect(broken).toContain("PR7");
  });

  it("PR8 that holds the version until its answer was written, or for good", async () => {
    const streaming = () => {
      const plain = plainProtocol();
      const http = (core: ServerCore): readonly HttpRoute[] =>
        (plain.http?.(core) ?? []).map((route) => ({
          ...route,
          async handle(request) {
            const answer = await route.handle(request);
            const name = request.params.model;
            if (name === undefined) return answer;
            return { ...answer, body: whileHeld(core, name, answer.body as Uint8Array) };
          },
        }));
      return { ...plain, http };
    };
    expect(await brokenBy(streaming, [HTTP])).toEqual([["PR8"]]);
    const lasting = () =>
      withCore((core) => ({
        call: ({ run, ...call }, context) =>
          new Promise((resolve, reject) => {
            const held = async (...given: Parameters<typeof run>) => {
              resolve(call.encode?.(await run(...given), given[0].id) as never);
              return new Promise<never>(() => {});
            };
            core.call({ ...call, run: held } as never, context).catch(reject);
          }),
      }));
    for (const broken of await brokenBy(lasting)) expect(broken).toContain("PR8");
  });

  it("PR9 that keeps the last body", async () => {
    let kept: unknown;
    const keeping = () =>
      plainProtocol({
        decode(body) {
          kept = body.subarray(1);
          return steps.decode(body);
        },
      });
    expect(await brokenBy(keeping)).toEqual(both("PR9"));
    expect(kept).toBeDefined();
  });

  it("PR10 whose streams ignore their client, or that the server closes", async () => {
    const deaf = () =>
      withCore((core) => ({ stateChanges: () => core.stateChanges({ signal: undefined }) }));
    expect(await brokenBy(deaf)).toEqual(both("PR10"));
    const endless = () => withCore(() => ({ stateChanges: forever }));
    expect(await brokenBy(endless)).toEqual(both("PR10"));
  });

  it("PR11 that uses nothing of its allowance", async () => {
    expect(await brokenBy(() => plainProtocol({ cost: () => 0 }))).toEqual(both("PR11"));
  });

  it("PL1 whose module does not export it", async () => {
    const elsewhere = () => ({
      ...plainProtocol(),
      module: { url: "data:text/javascript,export default { name: 'other' }" },
    });
    expect(await brokenBy(elsewhere)).toEqual(both("PL1"));
  });
});

const NONE = new Uint8Array(0);
const NO_TENSORS = Buffer.from('{"tensors":{}}');

const negated = (y: Tensors[string] | undefined) =>
  y?.dtype === "float32" ? { ...y, data: (y.data as Float32Array).map((value) => -value) } : y;

const withoutSigns = (y: Tensors[string]) => ({
  ...y,
  data: (y.data as Float32Array).map((value) => (value === 0 ? 0 : value)),
});

/** A body that is written part by part while a version is held. */
async function* whileHeld(core: ServerCore, name: string, body: Uint8Array) {
  let isWritten = () => {};
  const written = new Promise<void>((resolve) => {
    isWritten = resolve;
  });
  void core.call({ servable: { name }, run: () => written });
  try {
    for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536);
  } finally {
    isWritten();
  }
}

/** Ends with its client, and with nothing else. */
async function* forever({ signal }: { readonly signal?: AbortSignal | undefined }) {
  yield;
  if (!signal?.aborted) {
    await new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
  }
}
