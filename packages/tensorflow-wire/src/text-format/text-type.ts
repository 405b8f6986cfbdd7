/** The part of a `Type` of protobufjs that reads text. */
export interface TextType {
  readonly fullName: string;
  readonly fieldsArray: readonly TextField[];
  /** The root, which finds the messages in `google.protobuf.Any`. */
  readonly root: { lookupType(name: string): EncodedType };
}

/** A type that encodes its messages. */
export interface EncodedType extends TextType {
  encode(message: Record<string, unknown>): { finish(): Uint8Array };
}

/** The part of an `Enum` of protobufjs that reads text. */
export interface TextEnum {
  readonly values: Readonly<Record<string, number>>;
}

/** The part of a `Field` of protobufjs that reads text. */
export interface TextField {
  readonly name: string;
  readonly fullName: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** The type of the keys of a map. */
  readonly keyType?: string;
  /** The oneof that the field is in. */
  readonly partOf: { readonly name: string } | null;
  readonly resolvedType: TextType | TextEnum | null;
  resolve(): TextField;
}

/** Returns the message type of a field; undefined if its values are not messages. */
export const messageTypeOf = ({ resolvedType }: TextField): TextType | undefined =>
  resolvedType !== null && "fieldsArray" in resolvedType ? resolvedType : undefined;

/** Returns the enum of a field; undefined if its values are not of an enum. */
export const enumOf = ({ resolvedType }: Pick<TextField, "resolvedType">): TextEnum | undefined =>
  resolvedType !== null && "values" in resolvedType ? resolvedType : undefined;
