/**
 * Tensors as JSON: converts the bytes of a predict body to typed arrays and back.
 *
 * @packageDocumentation
 */
export { base64At, isBase64Object } from "./base64.js";
export { decodePredict, decodePredictInSteps, type PredictBody } from "./decode-predict.js";
export { encodePredict } from "./encode-predict.js";
export { errors as jsonErrors } from "./errors.js";
export { DOUBLES, isJsonDType } from "./json-dtypes.js";
export { skipString, stringAt, textAt } from "./json-string.js";
export { CHAR, isDigit, latin1, skipSpace, terminated, typeAt } from "./json-text.js";
export { STEP_BYTES, skipColon, skipValue } from "./json-value.js";
export {
  elementsOf,
  isIntegerToken,
  type JsonSpan,
  membersOf,
  numberOf,
  valueText,
} from "./json-walk.js";
export { JsonWriter } from "./json-writer.js";
export { openRequest, openRequestInSteps } from "./open-request.js";
export type { PredictForm } from "./read-inputs.js";
export { scanNumber } from "./scan-number.js";
export { writeFloat32 } from "./write-float.js";
