import { describe, expect, it } from "vitest";
import { parseFlags } from "./flags.js";
import { listenersOf } from "./listeners.js";
import { serverFlags } from "./server-flags.js";

const listeners = (...args: string[]) =>
  listenersOf(parseFlags(serverFlags, args).flags, undefined);

describe("listenersOf", () => {
  it("serves gRPC on 8500 and REST on 8501 by default, of all addresses and without TLS", () => {
    expect(listeners()).toEqual({
      grpc: { port: 8500 },
      grpcSocket: undefined,
      rest: { port: 8501 },
      restSocket: undefined,
      warnings: [],
    });
  });

  it.each([
    [["--port=0"], { grpc: undefined }],
    [["--rest_api_port=0"], { rest: undefined }],
    [["--port=any"], { grpc: { port: 0 } }],
    [["--rest_api_port=any"], { rest: { port: 0 } }],
    [["--host=::1"], { rest: { host: "::1" }, grpc: { host: "::1" } }],
    [["--grpc_socket_path=/s"], { grpcSocket: { socketPath: "/s" }, grpc: { port: 8500 } }],
    [["--rest_api_socket_path=/s"], { restSocket: { socketPath: "/s" }, rest: { port: 8501 } }],
    [
      ["--grpc_channel_arguments=grpc.max_connection_age_ms=5"],
      { grpc: { channelArguments: { "grpc.max_connection_age_ms": 5 } } },
    ],
    [["--port=any", "--rest_api_port=any"], { grpc: { port: 0 }, rest: { port: 0 }, warnings: [] }],
  ])("reads %j", (args, expected) => {
    expect(listeners(...args)).toMatchObject(expected);
  });

  it("disables REST with TF Serving's message if the ports are equal", () => {
    expect(listeners("--port=8501")).toMatchObject({
      grpc: { port: 8501 },
      rest: undefined,
      warnings: [
        "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST API. " +
          "Skipped exporting HTTP/REST API.",
      ],
    });
  });

  it("secures all of them by the SSL config file", () => {
    const ssl = { serverKey: "k", serverCert: "c" };
    const args = ["--grpc_socket_path=/g", "--rest_api_socket_path=/r"];
    const { warnings: _, ...all } = listenersOf(parseFlags(serverFlags, args).flags, ssl);
    for (const listener of Object.values(all)) expect(listener).toMatchObject({ ssl });
  });
});
