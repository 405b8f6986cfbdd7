import type {
  GrpcMethod,
  HttpRoute,
  Protocol,
  ServableCall,
  ServerCore,
} from "@serving-kit/server";

/** Changes to the routes and methods of a protocol, and to the core that it uses. Default: unchanged. */
export interface ProtocolChange {
  readonly route?: (route: HttpRoute) => HttpRoute;
  readonly method?: (method: GrpcMethod) => GrpcMethod;
  readonly core?: (core: ServerCore) => ServerCore;
}

/** Returns a protocol that behaves like another one with changed routes and methods. */
export function wrapProtocol(
  protocol: Protocol,
  { route = (own) => own, method = (own) => own, core: change = (own) => own }: ProtocolChange,
): Protocol {
  const { name, apis, entrypoints, module } = protocol;
  return {
    ...{ name, apis, module, ...(entrypoints && { entrypoints }) },
    ...(protocol.httpError && { httpError: (status) => protocol.httpError?.(status) as never }),
    ...(protocol.http && { http: (core) => (protocol.http?.(change(core)) ?? []).map(route) }),
    ...(protocol.grpc && {
      grpc: async (core) =>
        ((await protocol.grpc?.(change(core))) ?? []).map((service) => ({
          ...service,
          methods: Object.fromEntries(
            Object.entries(service.methods).map(([key, own]) => [key, method(own)]),
          ),
        })),
    }),
  };
}

/** Modifies each call of a protocol. */
export type CallChange = <T, R, B>(call: ServableCall<T, R, B>) => ServableCall<T, R, B>;

/** Returns a protocol whose calls are modified. */
export const withCalls = (protocol: Protocol, change: CallChange): Protocol =>
  wrapProtocol(protocol, {
    core: (core) => ({ ...core, call: (call, context) => core.call(change(call), context) }),
  });
