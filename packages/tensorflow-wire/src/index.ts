/**
 * TensorFlow's wire formats: protobuf's wire format, the published messages, `TensorProto`, `ModelSpec`, dtype numbers,
 * TFRecord files.
 *
 * @packageDocumentation
 */
export { BackwardWriter } from "./backward-writer.js";
export { crc32c, maskedCrc32c } from "./crc32c.js";
export {
  DATA_TYPE_NAMES,
  DATA_TYPE_TEXTS,
  DATA_TYPES,
  DTYPES,
  dataTypeName,
  dataTypeText,
  dtypeOf,
} from "./data-type.js";
export { decodeTensor, type TensorMemory } from "./decode-tensor.js";
export { encodeTensor } from "./encode-tensor.js";
export { errors as wireErrors } from "./errors.js";
export { type ModelSpec, readModelSpec, writeModelSpec } from "./model-spec.js";
export { ERROR_CODES_PROTO, GOOGLE_PROTO, TENSORFLOW_PROTO } from "./protos/tensorflow.js";
export { TENSORFLOW_SERVING_PROTO } from "./protos/tensorflow-serving.js";
export { bytesOf, type NumericData } from "./tensor-values.js";
export { type ParseTextOptions, parseText } from "./text-format/parse-text.js";
export { TextFormatError } from "./text-format/text-format-error.js";
export type { ToLong } from "./text-format/text-scalar.js";
export type { EncodedType, TextEnum, TextField, TextType } from "./text-format/text-type.js";
export { tfRecord, tfRecords } from "./tf-record.js";
export { type ReadAt, tfRecordsEnd } from "./tf-record-end.js";
export { WIRE, WireReader } from "./wire-reader.js";
