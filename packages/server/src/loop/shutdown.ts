import type { Server } from "node:http";
import type { Clock } from "@serving-kit/core";
import type { GrpcListener } from "../grpc/grpc-listener.js";
import { closeHttp } from "../http/http-listener.js";
import type { InFlight } from "../listening/in-flight.js";

/** The parts of a server that must end before its models can be unloaded. */
export interface Listeners {
  readonly inFlight: InFlight;
  readonly http: readonly Server[];
  readonly grpc: readonly GrpcListener[];
}

/** The outcome of a shutdown. */
export interface ShutDown extends Disposable {
  /** Aborts when the deadline has passed, for what follows. */
  readonly overdue: AbortSignal;
}

/** How long the last answers of gRPC have to reach their clients, once all of them were given. */
const LINGER_MS = 5_000;

/** A connection is accepted in one turn of the event loop and its request read in the next. */
const TURNS = 3;

/**
 * Lets the requests be read and refused that have reached this machine by now: closing their idle
 * connections, as closing a server of Node does, would cut them off without a word.
 */
async function refuseArrived(inFlight: InFlight): Promise<void> {
  // No clock: it is the sockets' event loop that has to turn.
  for (let i = 0; i < TURNS; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  await inFlight.drain();
}

/**
 * Refuses new requests, waits for those in flight and stops listening. After `deadlineMs` it no longer
 * waits: what is in flight is cut off.
 *
 * Returns the signal that aborts when the deadline has passed, for what follows, and the timer to
 * dispose of after it.
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
    for (const server of http) server.closeAllConnections();
    cut(grpc);
  }
  return { overdue: overdue.signal, [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

/**
 * Waits until gRPC is closed, but not indefinitely: it would wait for connections that never made a call,
 * for streams that their clients leave open, and for clients that do not hang up when they are told to.
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
