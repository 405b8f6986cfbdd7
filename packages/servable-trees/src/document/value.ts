/** An object of a document. It has no prototype, or only its own members are read. */
export interface DocumentObject {
  readonly [key: string]: DocumentValue;
}

/** Numbers of a document: a typed array from a binary file, or the elements of a JSON array. */
export type DocumentNumbers = ArrayLike<number>;

/** A value of a UBJSON or JSON document. */
export type DocumentValue =
  | null
  | boolean
  | number
  | string
  | DocumentNumbers
  | readonly DocumentValue[]
  | DocumentObject;

/** A file that does not conform to its format. Becomes MODEL_FILE_INVALID (DATA_LOSS). */
export class DocumentError extends Error {}

/** Maximum nesting depth of objects and arrays. Models use 8. */
export const MAX_DEPTH = 32;

/** Maximum length of a string in bytes. */
export const MAX_STRING_BYTES = 2 ** 20;
