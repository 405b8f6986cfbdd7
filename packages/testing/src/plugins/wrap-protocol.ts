import type {
  GrpcMethod,
  HttpRoute,
  Protocol,
  ServableCall,
  ServerCore,
} from "@serving-kit/server";

/** Changes of the routes and methods of a protocol, and of the core that it uses. Default: they stay as they are. */
export interface ProtocolChange {
  readonly route?: (route: HttpRoute) => HttpRoute;
  readonly method?: (method: GrpcMethod) => GrpcMethod;
  readonly core?: (core: ServerCore) => ServerCore;
}

/** A protocol that answers as another one, by other routes and methods. */
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

/** Changes each call of a protocol. */
export type CallChange = <T, R, B>(call: ServableCall<T, R, B>) => ServableCall<T, R, B>;

/** A protocol whose calls are changed. */
export const withCalls = (protocol: Protocol, change: CallChange): Protocol =>
  wrapProtocol(protocol, {
    core: (core) => ({ ...core, call: (call, context) => core.call(change(call), context) }),
  });
