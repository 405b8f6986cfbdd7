import type { Runner } from "../runner.js";
import { registerSuite } from "../suite.js";
import { ProtocolKit } from "./protocol-kit.js";
import type { ServerConformanceOptions } from "./protocol-options.js";
import { callSideClauses } from "./server-calls.js";
import { lifeClauses } from "./server-life.js";
import { limitClauses } from "./server-limits.js";
import { budgetClauses } from "./server-memory.js";
import { refusalClauses } from "./server-refusals.js";

/**
 * Registers the tests that verify that a server keeps its side of the contract of `Protocol`, PS1 to PS12, and the
 * contract of `CallAllowance`, CB1 to CB3, regardless of what clients do over the transports of a protocol.
 *
 * The options are those of `protocolConformance`, with the protocol through which the server is attacked:
 *
 * ```ts
 * serverConformance({ describe, it }, { name: "plain", create: () => plain(), http, grpc });
 * ```
 */
export function serverConformance(runner: Runner, options: ServerConformanceOptions): void {
  const kit = new ProtocolKit(options);
  registerSuite(
    runner,
    options,
    "server",
    {},
    {
      ...lifeClauses(kit),
      ...callSideClauses(kit),
      ...refusalClauses(kit),
      ...limitClauses(kit),
      ...budgetClauses(kit),
    },
  );
}
