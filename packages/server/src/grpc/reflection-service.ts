import {
  type MethodDefinition,
  type ServerDuplexStream,
  status,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { messageOf } from "@serving-kit/core";
import { codecOf } from "./codec.js";
import { type FileDescriptor, fileDescriptors } from "./file-descriptors.js";
import { grpcStatus, rawMethod } from "./unary.js";

/** The versions of the protocol: tools ask for one or the other. */
export const REFLECTION_VERSIONS = ["v1", "v1alpha"] as const;

interface ReflectionRequest {
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly all_extension_numbers_of_type?: string;
}

const services = ["grpc.health.v1.Health"]
  .concat(REFLECTION_VERSIONS.map((version) => `grpc.reflection.${version}.ServerReflection`))
  .concat("tensorflow.serving.ModelService", "tensorflow.serving.PredictionService");

/** The definition of the reflection service in one of its versions. */
export function reflectionDefinition(
  version: (typeof REFLECTION_VERSIONS)[number],
): Record<string, MethodDefinition<Uint8Array, Uint8Array>> {
  const streams = { request: true, response: true };
  const service = `grpc.reflection.${version}.ServerReflection`;
  return { ServerReflectionInfo: rawMethod(service, "ServerReflectionInfo", streams) };
}

/** Answers what services, messages and fields the server has; a malformed request ends the stream. */
export function reflectionService(
  version: (typeof REFLECTION_VERSIONS)[number],
): Record<string, UntypedHandleCall> {
  const request = codecOf<ReflectionRequest>(`grpc.reflection.${version}.ServerReflectionRequest`);
  const response = codecOf(`grpc.reflection.${version}.ServerReflectionResponse`);
  return {
    ServerReflectionInfo(call: ServerDuplexStream<Uint8Array, Uint8Array>) {
      call.on("data", (bytes: Uint8Array) => {
        try {
          const asked = request.decode(bytes);
          const isTaken = call.write(
            response.encode({ valid_host: "", original_request: asked, ...answer(asked) }),
          );
          // Who asks but does not read waits until the answers have gone.
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

let cached: ReadonlyMap<string, FileDescriptor> | undefined;

function answer(request: ReflectionRequest): object {
  cached ??= fileDescriptors();
  const files = cached;
  switch (request.message_request) {
    case "list_services":
      return { list_services_response: { service: services.map((name) => ({ name })) } };
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
      // Messages of proto3 have no extensions.
      return {
        all_extension_numbers_response: {
          base_type_name: request.all_extension_numbers_of_type ?? "",
        },
      };
    default:
      return notFound("extension");
  }
}

/** A file, then all that it needs. */
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
