import { once } from "node:events";
import {
  Client,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { codecOf, reflectionProto, schemaOf } from "@serving-kit/server/grpc";

const schema = schemaOf([reflectionProto("v1")]);
const request = codecOf(schema, "grpc.reflection.v1.ServerReflectionRequest");
const response = codecOf<Reflected>(schema, "grpc.reflection.v1.ServerReflectionResponse");
interface Reflected {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] };
}

/** Finds a service by gRPC reflection, as grpcurl does, and returns a client for it. */
export async function reflectedClient(address: string, service: string) {
  const channel = credentials.createInsecure();
  const client = new Client(address, channel);
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  const call = client.makeBidiStreamRequest(
    path,
    (message: object) => Buffer.from(request.encode(message)),
    (bytes) => response.decode(bytes),
  );
  const ask = async (message: object): Promise<Reflected> => {
    call.write(message);
    return (await once(call, "data"))[0];
  };
  const { list_services_response } = await ask({ list_services: "" });
  const { file_descriptor_response } = await ask({ file_containing_symbol: service });
  call.end();
  client.close();
  const files = file_descriptor_response?.file_descriptor_proto ?? [];
  const definition = loadFileDescriptorSetFromBuffer(Buffer.concat(files.flatMap(asField)));
  const constructors: unknown = loadPackageDefinition(definition);
  const name = service.split(".");
  const Service = name.reduce((within, part) => (within as never)[part], constructors);
  return {
    services: list_services_response?.service.map((one) => one.name),
    client: new (Service as ServiceClientConstructor)(address, channel),
  };
}

/** A file of a `google.protobuf.FileDescriptorSet`. */
function asField(file: Uint8Array): Uint8Array[] {
  const length: number[] = [];
  let rest = file.length;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return [Uint8Array.of(0x0a, ...length, rest), file];
}
