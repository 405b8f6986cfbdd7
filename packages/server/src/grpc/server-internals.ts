import type { Http2Server, Settings } from "node:http2";
import type { Server } from "@grpc/grpc-js";

/** Internals of a server of grpc-js 1.14, which may be absent in another version. */
interface ServerInternals {
  readonly commonServerOptions?: { settings?: Settings };
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

const internalsOf = (server: Server) => server as unknown as ServerInternals;

/** Adds to the settings of HTTP/2 that every client receives; before the server is bound. */
export function addSettings(server: Server, settings: Settings): void {
  const { commonServerOptions } = internalsOf(server);
  if (commonServerOptions === undefined) return;
  commonServerOptions.settings = { ...commonServerOptions.settings, ...settings };
}

/** The HTTP/2 servers below: one for each address that the server was bound to until now. */
export const http2ServersOf = (server: Server): Iterable<Http2Server> =>
  internalsOf(server).http2Servers?.keys() ?? [];
