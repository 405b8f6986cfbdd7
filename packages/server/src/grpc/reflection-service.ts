import {
  type MethodDefinition,
  type ServerDuplexStream,
  status,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { messageOf } from "@serving-kit/core";
import type { GrpcService } from "../plugins/protocol.js";
import { type FileDescriptor, fileDescriptors } from "./file-descriptors.js";
import { grpcStatus, rawMethod } from "./methods.js";
import { codecOf, HEALTH_PROTO, reflectionProto, schemaOf } from "./schema.js";

/** The versions of the protocol: tools use one or the other. */
export const REFLECTION_VERSIONS = ["v1", "v1alpha"] as const;

interface ReflectionRequest {
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly all_extension_numbers_of_type?: string;
}

/** The schema that reflection lists: all services, and the messages that their protocols declare. */
export class ReflectedServices {
  readonly names: readonly string[];
  readonly #protos: ReadonlySet<readonly string[]>;
  #files: ReadonlyMap<string, FileDescriptor> | undefined;

  constructor(services: readonly GrpcService[]) {
    const own = ["grpc.health.v1.Health"].concat(
      REFLECTION_VERSIONS.map((version) => `grpc.reflection.${version}.ServerReflection`),
    );
    this.names = [...own, ...services.map(({ name }) => name)].sort();
    const protos = services.flatMap((service) => (service.protos ? [service.protos] : []));
    this.#protos = new Set([
      [HEALTH_PROTO, ...REFLECTION_VERSIONS.map(reflectionProto)],
      ...protos,
    ]);
  }

  /** The descriptors by file name. If several protocols declare the same package, the first declaration is used. */
  get files(): ReadonlyMap<string, FileDescriptor> {
    if (this.#files === undefined) {
      const all = [...this.#protos].flatMap((texts) => [...fileDescriptors(schemaOf(texts))]);
      this.#files = new Map(all.reverse());
    }
    return this.#files;
  }
}

/** The definition of the reflection service in one of its versions. */
export function reflectionDefinition(
  version: (typeof REFLECTION_VERSIONS)[number],
): Record<string, MethodDefinition<Uint8Array, Uint8Array>> {
  const streams = { request: true, response: true };
  const service = `grpc.reflection.${version}.ServerReflection`;
  return { ServerReflectionInfo: rawMethod(service, "ServerReflectionInfo", streams) };
}

/** Returns the services, messages and fields of the server. A malformed request ends the stream. */
export function reflectionService(
  version: (typeof REFLECTION_VERSIONS)[number],
  services: ReflectedServices,
): Record<string, UntypedHandleCall> {
  const schema = schemaOf([reflectionProto(version)]);
  const within = `grpc.reflection.${version}`;
  const request = codecOf<ReflectionRequest>(schema, `${within}.ServerReflectionRequest`);
  const response = codecOf(schema, `${within}.ServerReflectionResponse`);
  return {
    ServerReflectionInfo(call: ServerDuplexStream<Uint8Array, Uint8Array>) {
      call.on("data", (bytes: Uint8Array) => {
        try {
          const asked = request.decode(bytes);
          const isTaken = call.write(
            response.encode({
              valid_host: "",
              original_request: asked,
              ...answer(asked, services),
            }),
          );
          // If a client requests more without reading, its requests wait until the responses are sent.
          if (!isTaken) {
            call.pause();
            call.once("drain", () => call.resume());
          }
        } catch (error) {
          const message = messageOf(error);
          call.emit("error", grpcStatus({ code: "INVALID_ARGUMENT", message }));
        }
      });
      call.on("end", () => call.end());
      call.on("cancelled", () => call.end());
    },
  } as Record<string, UntypedHandleCall>;
}

function answer(request: ReflectionRequest, { names, files }: ReflectedServices): object {
  switch (request.message_request) {
    case "list_services":
      return { list_services_response: { service: names.map((name) => ({ name })) } };
    case "file_by_filename": {
      const file = files.get(request.file_by_filename ?? "");
      return file ? descriptors(file, files) : notFound(`file ${request.file_by_filename}`);
    }
    case "file_containing_symbol": {
      const symbol = request.file_containing_symbol ?? "";
      const file = [...files.values()].find(({ symbols }) => symbols.has(symbol));
      return file ? descriptors(file, files) : notFound(`symbol ${symbol}`);
    }
    case "all_extension_numbers_of_type":
      // proto3 messages have no extensions.
      return {
        all_extension_numbers_response: {
          base_type_name: request.all_extension_numbers_of_type ?? "",
        },
      };
    default:
      return notFound("extension");
  }
}

/** Returns a file and all of its dependencies. */
function descriptors(file: FileDescriptor, files: ReadonlyMap<string, FileDescriptor>): object {
  const needed = new Set<FileDescriptor>();
  const add = (current: FileDescriptor) => {
    if (needed.has(current)) return;
    needed.add(current);
    for (const name of current.dependencies) add(files.get(name) as FileDescriptor);
  };
  add(file);
  return {
    file_descriptor_response: { file_descriptor_proto: [...needed].map(({ bytes }) => bytes) },
  };
}

const notFound = (what: string): object => ({
  error_response: { error_code: status.NOT_FOUND, error_message: `${what} not found` },
});
