/**
 * Tensors as JSON: the bytes of a predict body to typed arrays and back.
 *
 * @packageDocumentation
 */
export { base64At, isBase64Object } from "./base64.js";
export { decodePredict, type PredictBody } from "./decode-predict.js";
export { encodePredict } from "./encode-predict.js";
export { errors as jsonErrors } from "./errors.js";
export { openRequest } from "./explain.js";
export { DOUBLES, isJsonDType } from "./json-dtypes.js";
export { skipString, stringAt } from "./json-string.js";
export { CHAR, isDigit, latin1, skipSpace, terminated, typeAt } from "./json-text.js";
export { skipValue } from "./json-value.js";
export {
  elementsOf,
  isIntegerToken,
  type JsonSpan,
  membersOf,
  numberOf,
  valueText,
} from "./json-walk.js";
export { JsonWriter } from "./json-writer.js";
export type { PredictForm } from "./read-inputs.js";
export { scanNumber } from "./scan-number.js";
export { writeFloat32 } from "./write-float.js";
