import type { Server, ServerCredentials } from "@grpc/grpc-js";
import { messageOf } from "@serving-kit/core";
import { claimSocketPath } from "../listening/unix-socket.js";
import type { GrpcListening, GrpcListenOptions } from "./grpc-listen-options.js";

/** Binds the port, unless threads share it, and the socket. Calls `onBound` after each. */
export async function bindServer(
  server: Server,
  credentials: ServerCredentials,
  options: GrpcListenOptions,
  sharedPort: number | undefined,
  onBound: () => void,
): Promise<GrpcListening> {
  const { socketPath } = options;
  const port = sharedPort ?? (await bindPort(server, credentials, options));
  onBound();
  if (socketPath !== undefined) {
    await claimSocketPath(socketPath);
    await bind(server, `unix:${socketPath}`, credentials);
    onBound();
  }
  return { ...(port !== undefined && { port }), ...(socketPath !== undefined && { socketPath }) };
}

async function bindPort(
  server: Server,
  credentials: ServerCredentials,
  { port, host, socketPath }: GrpcListenOptions,
): Promise<number | undefined> {
  if (port === undefined && socketPath !== undefined) return undefined;
  const wanted = port ?? 8500;
  if (host !== undefined) {
    const name = host.includes(":") ? `[${host}]` : host;
    return bind(server, `${name}:${wanted}`, credentials);
  }
  try {
    return await bind(server, `[::]:${wanted}`, credentials);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return bind(server, `0.0.0.0:${wanted}`, credentials); // a machine without IPv6
  }
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) return resolve(port);
      // grpc-js reports Node's error as a string.
      const code = /\bE[A-Z]{3,}\b/.exec(messageOf(error))?.[0];
      reject(Object.assign(error, code !== undefined && { code }));
    });
  });
}
