import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";

/** The serialized descriptor of one package, as server reflection returns it. */
export interface FileDescriptor {
  readonly name: string;
  /** The files that it depends on. */
  readonly dependencies: readonly string[];
  /** A serialized `google.protobuf.FileDescriptorProto`. */
  readonly bytes: Uint8Array;
  /** The full names of its declarations: messages, fields, enums, services and methods. */
  readonly symbols: ReadonlySet<string>;
}

interface FieldDescriptor {
  name: string;
  typeName?: string;
  jsonName?: string;
}
interface MessageDescriptor {
  name: string;
  field: FieldDescriptor[];
  nestedType: MessageDescriptor[];
}
interface ServiceDescriptor {
  name: string;
  method: { name: string; inputType: string; outputType: string }[];
}
interface PackageDescriptor {
  name: string;
  package: string;
  dependency: string[];
  messageType: MessageDescriptor[];
  enumType: { name: string }[];
  service: ServiceDescriptor[];
}

/**
 * Returns the descriptors of all packages of a schema, by file name. protobufjs writes relative names and its own
 * names for map entries; these descriptors have absolute names and protoc's names.
 */
export function fileDescriptors(schema: protobuf.Root): ReadonlyMap<string, FileDescriptor> {
  const set: unknown = schema.toDescriptor("proto3");
  const { file: files } = set as { readonly file: readonly PackageDescriptor[] };
  return new Map(files.map((file) => [file.name, describe(schema, file, files)]));
}

function describe(
  schema: protobuf.Root,
  file: PackageDescriptor,
  files: readonly PackageDescriptor[],
): FileDescriptor {
  const declarations = new Declarations();
  const within = schema.lookup(file.package) as protobuf.Namespace;
  for (const described of file.messageType) {
    declarations.message(within.lookupType(described.name), described);
  }
  const { symbols, references } = declarations;
  for (const { name } of file.enumType) symbols.add(`${file.package}.${name}`);
  for (const described of file.service) {
    declarations.service(within.lookupService(described.name), described);
  }
  file.dependency = files
    .filter((other) => other !== file && [...references].some((name) => isIn(name, other, files)))
    .map(({ name }) => name);
  const bytes = descriptor.FileDescriptorProto.encode(file).finish();
  return { name: file.name, dependencies: file.dependency, bytes, symbols };
}

/** Collects the declarations of a package and the types that they refer to, and corrects their descriptors. */
class Declarations {
  readonly symbols = new Set<string>();
  readonly references = new Set<string>();

  message(type: protobuf.Type, described: MessageDescriptor): void {
    this.symbols.add(nameOf(type));
    for (const field of type.fieldsArray) this.#field(field, type, described);
    for (const nested of type.nestedArray) {
      const found = described.nestedType.find(({ name }) => name === nested.name);
      if (nested instanceof protobuf.Type && found) this.message(nested, found);
      else this.symbols.add(nameOf(nested));
    }
  }

  #field(field: protobuf.Field, type: protobuf.Type, described: MessageDescriptor): void {
    this.symbols.add(nameOf(field));
    const fieldDescriptor = described.field.find(({ name }) => name === field.name);
    if (fieldDescriptor === undefined) return;
    delete fieldDescriptor.jsonName;
    const target = field.resolvedType?.fullName;
    if (target !== undefined) this.references.add(target);
    if (field instanceof protobuf.MapField) nameEntry(type, described, fieldDescriptor, target);
    else if (target !== undefined) fieldDescriptor.typeName = target;
  }

  service(service: protobuf.Service, described: ServiceDescriptor): void {
    this.symbols.add(nameOf(service));
    for (const method of described.method) {
      const { resolvedRequestType, resolvedResponseType } = service.methods[
        method.name
      ] as protobuf.Method;
      method.inputType = resolvedRequestType?.fullName ?? method.inputType;
      method.outputType = resolvedResponseType?.fullName ?? method.outputType;
      this.symbols.add(`${nameOf(service)}.${method.name}`);
    }
  }
}

/** Returns protoc's name of a map entry: `ModelLabelsEntry` for `model_labels`. */
function nameEntry(
  type: protobuf.Type,
  described: MessageDescriptor,
  field: FieldDescriptor,
  target: string | undefined,
): void {
  const entry = described.nestedType.find(({ name }) => name === field.typeName);
  const camel = field.name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (entry === undefined) return;
  entry.name = `${camel}Entry`;
  field.typeName = `${type.fullName}.${entry.name}`;
  for (const inner of entry.field) {
    delete inner.jsonName;
    if (inner.name === "value" && target !== undefined) inner.typeName = target;
  }
}

/** Returns whether a file declares a type: its package is the longest one that is a prefix of the name. */
function isIn(name: string, file: PackageDescriptor, files: readonly PackageDescriptor[]): boolean {
  const owners = files.filter((candidate) => name.startsWith(`.${candidate.package}.`));
  const longest = Math.max(...owners.map((owner) => owner.package.length));
  return owners.includes(file) && file.package.length === longest;
}

const nameOf = ({ fullName }: protobuf.ReflectionObject) => fullName.slice(1);
