import type { GrpcMethod, HttpRoute, Protocol } from "@serving-kit/server";

/** What becomes of the routes and methods of a protocol. Default: they stay as they are. */
export interface ProtocolChange {
  readonly route?: (route: HttpRoute) => HttpRoute;
  readonly method?: (method: GrpcMethod) => GrpcMethod;
}

/** A protocol that answers as another one, by other routes and methods. */
export function wrapProtocol(
  protocol: Protocol,
  { route = (own) => own, method = (own) => own }: ProtocolChange,
): Protocol {
  const { name, apis, entrypoints, module } = protocol;
  return {
    ...{ name, apis, module, ...(entrypoints && { entrypoints }) },
    ...(protocol.httpError && { httpError: (status) => protocol.httpError?.(status) as never }),
    ...(protocol.http && { http: (core) => (protocol.http?.(core) ?? []).map(route) }),
    ...(protocol.grpc && {
      grpc: async (core) =>
        ((await protocol.grpc?.(core)) ?? []).map((service) => ({
          ...service,
          methods: Object.fromEntries(
            Object.entries(service.methods).map(([key, own]) => [key, method(own)]),
          ),
        })),
    }),
  };
}
