import { protocolConformance } from "../src/plugins/index.js";
import type { Runner } from "../src/runner.js";
import { plainGrpc, plainHttp, plainProtocol } from "./plain-protocol.js";

/** The suites of what plugs into a server, on small ones that keep their contracts, for whichever runner. */
export function runPluginSuites(runner: Runner): void {
  protocolConformance(runner, {
    name: "plain",
    create: () => plainProtocol(),
    http: plainHttp,
    grpc: plainGrpc,
  });
}
