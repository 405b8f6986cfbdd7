import type { Http2Server, Settings } from "node:http2";
import type { Server } from "@grpc/grpc-js";

/** Internals of a server of grpc-js 1.14, which may be absent in another version. */
interface ServerInternals {
  readonly commonServerOptions?: { settings?: Settings };
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

const internalsOf = (server: Server) => server as unknown as ServerInternals;

/** Adds HTTP/2 settings that every client receives. Call it before the server is bound. */
export function addSettings(server: Server, settings: Settings): void {
  const { commonServerOptions } = internalsOf(server);
  if (commonServerOptions === undefined) return;
  commonServerOptions.settings = { ...commonServerOptions.settings, ...settings };
}

/** Returns the underlying HTTP/2 servers: one for each address that the server is bound to. */
export const http2ServersOf = (server: Server): Iterable<Http2Server> =>
  internalsOf(server).http2Servers?.keys() ?? [];
