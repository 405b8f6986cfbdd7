import { ServingError } from "@serving-kit/core";
import type { Awaitable, CallContext, HttpRequest, Protocol } from "@serving-kit/server";
import { GrpcTransport } from "./grpc-transport.js";
import { HttpTransport } from "./http-transport.js";
import type { ProtocolPredict } from "./protocol-options.js";
import type { Transport } from "./transports.js";

const SERVICE = "conformance.Doors";
const NOTHING = new Uint8Array(0);

/** Size of the response of `large`: more than the operating system buffers for a client that does not read. */
export const LARGE_BYTES = 30_000_000;

/**
 * The endpoint behind a door:
 * - `open`: an empty response, also while the server closes (only HTTP)
 * - `shut`: an empty response
 * - `fail`: throws the error that the suite sets
 * - `refuse`: an error, without reading the body
 * - `take`: takes as much memory as the body says, and waits
 * - `large`: 30 MB
 * - `idle`: a stream that ends when its client disconnects
 */
export type Door = "open" | "shut" | "fail" | "refuse" | "take" | "large" | "idle";

const DOORS: readonly Door[] = ["shut", "fail", "refuse", "take", "large", "idle"];

/** A protocol of the suite with features that not every protocol has: routes and methods that call no model. */
export class Doors {
  /** The error that `fail` throws. */
  throws: unknown;
  /** The promise that `take` waits for. */
  until: Promise<void> = Promise.resolve();
  /** Number of requests that have entered a door. */
  entered = 0;
  /** Number of requests that have taken memory and wait. */
  waiting = 0;

  /** Returns a protocol with these doors. */
  get protocol(): Protocol {
    return {
      name: "conformance-doors",
      apis: [],
      http: () =>
        (["open", ...DOORS] as const).map((door) => ({
          ...{ method: "*", path: pathOf(door), whileClosing: door === "open" },
          handle: (request) => this.#answer(door, request),
        })),
      grpc: () => [{ name: SERVICE, methods: Object.fromEntries(DOORS.map(this.#method)) }],
    };
  }

  readonly #method = (door: Door) => {
    if (door === "idle") {
      const handle = (_: Uint8Array, { signal }: CallContext) => idle(signal);
      return [door, { kind: "serverStream", handle }] as const;
    }
    const handle = (message: Uint8Array, context: CallContext) =>
      this.#enter(door, context, () => message);
    return [door, { kind: "unary", handle }] as const;
  };

  async #answer(door: Door, request: HttpRequest) {
    if (door === "idle") return { status: 200, body: idle(request.signal) };
    return { status: 200, body: await this.#enter(door, request, request.body) };
  }

  async #enter(
    door: Door,
    context: CallContext,
    body: () => Awaitable<Uint8Array>,
  ): Promise<Uint8Array> {
    this.entered++;
    if (door === "fail") throw this.throws;
    if (door === "refuse")
      throw new ServingError("FAILED_PRECONDITION", "REFUSED", "it is refused");
    if (door === "take") await this.#take(Number(Buffer.from(await body()).toString()), context);
    return door === "large" ? Buffer.alloc(LARGE_BYTES) : NOTHING;
  }

  async #take(bytes: number, { allowance, signal }: CallContext): Promise<void> {
    allowance?.take(bytes);
    this.waiting++;
    await Promise.race([this.until, aborted(signal)]);
    this.waiting--;
  }
}

const pathOf = (door: Door) => `/conformance/${door}`;

/** A placeholder that calls no model. */
const NO_CALL: ProtocolPredict = { model: "", inputs: {} };

/** A client of a door, over the same transport as another client. */
export class Doorway implements Disposable {
  readonly #transport: Transport;

  constructor({ name, port }: Transport, door: Door, body: Uint8Array = NOTHING) {
    const none = { dtypes: [], outputs: () => ({}) };
    const http = { path: pathOf(door), body };
    const grpc = { service: SERVICE, method: door, message: body };
    const message = (answer: { readonly body: Uint8Array }) => Buffer.from(answer.body).toString();
    this.#transport =
      name === "HTTP"
        ? new HttpTransport({ ...none, predict: () => http, stream: http, message }, port)
        : new GrpcTransport({ ...none, predict: () => grpc, stream: grpc }, port);
  }

  /** Sends a request, and reads the response. */
  enter = () => this.#transport.predict(NO_CALL);

  /** Sends a request without reading the response. */
  open = () => this.#transport.open(NO_CALL);

  /** Contract: `Transport.upload`. */
  upload = (bytes: number) => this.#transport.upload(NO_CALL, bytes);

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }
}

/** A stream with one part that stays open until its client disconnects. */
async function* idle(signal: AbortSignal | undefined) {
  yield Buffer.from("begun");
  await aborted(signal);
}

const aborted = (signal: AbortSignal | undefined) =>
  new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
