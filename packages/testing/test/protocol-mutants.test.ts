import { describe, it } from "vitest";
import { protocolConformance } from "../src/plugins/index.js";
import { plainGrpc, plainHttp, plainProtocol } from "./plain-protocol.js";

protocolConformance({ describe, it }, {
  name: "plain",
  create: () => plainProtocol(),
  http: plainHttp,
  grpc: plainGrpc,
});
