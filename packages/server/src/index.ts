/**
 * The model server: configuration to sources, adapters and a manager; TF Serving's REST API over
 * them, to be mounted in an app or listening by itself.
 *
 * @packageDocumentation
 */
export {
  decodePredict,
  type PredictBody,
  type PredictForm,
} from "./rest/tensor-json/decode-predict.js";
export { encodePredict } from "./rest/tensor-json/encode-predict.js";
