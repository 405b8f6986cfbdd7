import type { Server } from "node:http";
import type { Clock } from "@serving-kit/core";
import type { GrpcListener } from "../grpc/grpc-listener.js";
import { closeHttp, cutHttp } from "../http/http-listener.js";
import type { InFlight } from "../listening/in-flight.js";

/** The parts of a server that must end before its models can be unloaded. */
export interface Listeners {
  readonly inFlight: InFlight;
  readonly http: readonly Server[];
  readonly grpc: readonly GrpcListener[];
}

/** The outcome of a shutdown. */
export interface ShutDown extends Disposable {
  /** Aborts when the deadline has passed, for the steps that follow. */
  readonly overdue: AbortSignal;
}

/** Time in ms for the last gRPC responses to reach their clients, once all are written. */
const LINGER_MS = 5_000;

/** A connection is accepted in one turn of the event loop, and its request is read in the next. */
const TURNS = 3;

/**
 * Waits until requests that have already reached this machine are read and rejected. Closing their idle connections,
 * as Node's server does, would drop them without a response.
 */
async function refuseArrived(inFlight: InFlight): Promise<void> {
  // No clock: the event loop of the sockets has to turn.
  for (let i = 0; i < TURNS; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  await inFlight.drain();
}

/**
 * Rejects new requests, waits for requests in flight and stops listening. After `deadlineMs`, aborts the remaining
 * requests.
 *
 * Returns the signal that aborts at the deadline, for the steps that follow, and its timer, which the caller disposes
 * afterwards.
 */
export async function shutDown(
  { inFlight, http, grpc }: Listeners,
  { deadlineMs = Infinity, clock }: { readonly deadlineMs: number | undefined; clock: Clock },
): Promise<ShutDown> {
  const overdue = new AbortController();
  const timer = Number.isFinite(deadlineMs)
    ? clock.setTimeout(() => overdue.abort(), deadlineMs)
    : undefined;
  const isOverdue = new Promise<void>((resolve) => {
    overdue.signal.addEventListener("abort", () => resolve());
  });
  const drained = inFlight
    .drain()
    .then(() => (http.length > 0 ? refuseArrived(inFlight) : undefined));
  const grpcClosed = grpc.map((listener) => listener.close());
  await Promise.race([drained, isOverdue]);
  const closed = Promise.all([
    ...http.map((server) => closeHttp(server)),
    lingering(grpc, grpcClosed, clock),
  ]);
  await Promise.race([closed, isOverdue]);
  if (overdue.signal.aborted) {
    for (const server of http) cutHttp(server);
    cut(grpc);
  }
  return { overdue: overdue.signal, [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

/**
 * Waits until gRPC is closed, with a timeout: otherwise it would wait for connections without calls, for streams that
 * clients leave open, and for clients that ignore GOAWAY.
 */
async function lingering(
  grpc: readonly GrpcListener[],
  closed: readonly Promise<void>[],
  clock: Clock,
): Promise<void> {
  let timer: Disposable | undefined;
  const lingered = new Promise<void>((resolve) => {
    if (grpc.length > 0) timer = clock.setTimeout(resolve, LINGER_MS);
  }).then(() => cut(grpc));
  await Promise.race([Promise.all(closed), lingered]);
  timer?.[Symbol.dispose]();
}

function cut(listeners: readonly GrpcListener[]): void {
  for (const listener of listeners) listener.cut();
}
