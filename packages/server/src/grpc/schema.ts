import { messageOf } from "@serving-kit/core";
import { type MemoryAllowance, OBJECT_BYTES } from "@serving-kit/inference";
import { WIRE, WireReader, wireErrors } from "@serving-kit/tensorflow-wire";
import protobuf from "protobufjs";
import { checkWireTypes, MAX_DEPTH } from "./check-wire-types.js";

const schemas = new WeakMap<readonly string[], protobuf.Root>();

/** Returns the messages and services that `.proto` texts declare, with their published names. Parses each list once. */
export function schemaOf(protos: readonly string[]): protobuf.Root {
  let schema = schemas.get(protos);
  if (schema === undefined) {
    schema = new protobuf.Root();
    for (const text of protos) protobuf.parse(text, schema, { keepCase: true });
    schema.resolveAll();
    schemas.set(protos, schema);
  }
  return schema;
}

/** Decodes and encodes messages as plain objects, for calls that are not performance-critical. */
export interface Codec<M extends object> {
  /**
   * Absent fields have their defaults; 64-bit integers are strings, enums are numbers. The memory of the objects is
   * taken from the allowance first.
   */
  decode(bytes: Uint8Array, allowance?: MemoryAllowance): M;
  encode(message: object): Uint8Array;
}

/**
 * Returns the codec of a message by its full name, such as `tensorflow.serving.GetModelStatusRequest`. `decode`
 * throws ServingError INVALID_ARGUMENT / MESSAGE_INVALID, and the errors of the allowance.
 */
export function codecOf<M extends object>(schema: protobuf.Root, name: string): Codec<M> {
  const type = schema.lookupType(name);
  return {
    decode(bytes, allowance) {
      if (allowance) takeCost(new WireReader(bytes), type, allowance);
      checkWireTypes(new WireReader(bytes), type);
      try {
        const message = type.decode(bytes);
        return type.toObject(message, {
          longs: String,
          arrays: true,
          oneofs: true,
          defaults: true,
        }) as M;
      } catch (error) {
        throw wireErrors.messageInvalid(messageOf(error));
      }
    },
    encode: (message) => type.encode(type.fromObject(message)).finish(),
  };
}
/** Package `grpc.health.v1`: the health checking protocol. */
export const HEALTH_PROTO = `
syntax = "proto3";
package grpc.health.v1;

message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}
service Health {
  rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
  rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
}
`;

/** Package `grpc.reflection.v1` or `grpc.reflection.v1alpha`, which differ only in the name. */
export const reflectionProto = (version: "v1" | "v1alpha"): string => `
syntax = "proto3";
package grpc.reflection.${version};

message ServerReflectionRequest {
  string host = 1;
  oneof message_request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    ExtensionRequest file_containing_extension = 5;
    string all_extension_numbers_of_type = 6;
    string list_services = 7;
  }
}
message ExtensionRequest { string containing_type = 1; int32 extension_number = 2; }
message ServerReflectionResponse {
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ExtensionNumberResponse all_extension_numbers_response = 5;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ExtensionNumberResponse { string base_type_name = 1; repeated int32 extension_number = 2; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }
message ErrorResponse { int32 error_code = 1; string error_message = 2; }
service ServerReflection {
  rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
}
`;

/**
 * Takes the memory of a message's objects from the allowance: once for protobufjs's message, once for the plain
 * object. Takes it field by field, so that a message that is too expensive is not read further.
 */
function takeCost(
  reader: WireReader,
  type: protobuf.Type,
  allowance: MemoryAllowance,
  depth = 0,
): void {
  if (depth > MAX_DEPTH) throw wireErrors.messageInvalid(`nested deeper than ${MAX_DEPTH} levels`);
  // An absent field has its default only in the plain object.
  allowance.take(OBJECT_BYTES.entry + (OBJECT_BYTES.text / 2) * type.fieldsArray.length);
  while (reader.hasMore) {
    const tag = reader.tag();
    const field = type.fieldsById[tag >>> 3]?.resolve();
    const isBytes = (tag & 7) === WIRE.bytes;
    if (isBytes && field?.resolvedType instanceof protobuf.Type) {
      takeCost(reader.message(), field.resolvedType, allowance, depth + 1);
    } else {
      const before = reader.remaining;
      reader.skip(tag);
      // A packed field may have one number per byte.
      if (field) allowance.take(2 * OBJECT_BYTES.text + 8 * (before - reader.remaining));
    }
  }
}
