import {
  DEFAULT_SIGNATURE,
  formNamedBy,
  type Signature,
  type TensorSpec,
} from "@serving-kit/inference";
import { errors } from "./errors.js";
import { explainInputs } from "./explain-inputs.js";
import { explainInstances } from "./explain-instances.js";
import { CHAR, skipSpace } from "./json-text.js";
import { membersOf, valueText } from "./json-walk.js";
import { isNamedRow } from "./named-row.js";
import { openRequest } from "./open-request.js";

/**
 * Throws the error that TF Serving throws for a predict request, checking in the same order; returns if there is none.
 * Slow, and only used for requests that the fast reader refused. It reads each byte a small, fixed number of times and
 * stores nothing.
 */
export function explainPredict(
  bytes: Uint8Array,
  signatureOf: (name: string | undefined) => Signature | undefined,
): void {
  const { document, members } = openRequest(bytes, ["signature_name", "instances", "inputs"]);
  const unfit = (problem: string) =>
    errors.jsonUnfit(valueText(bytes, document.start, document.end), problem);

  const named = members.get("signature_name");
  if (named && named.text === undefined) {
    throw unfit("not formatted correctly. 'signature_name' key must be a string value.");
  }
  const signature = signatureOf(named?.text);
  if (signature === undefined) throw errors.signatureUnknown(named?.text || DEFAULT_SIGNATURE);
  if (signature.inputs.size === 0) {
    throw errors.requestUnfit(`Failed to get input map for signature: ${named?.text || "DEFAULT"}`);
  }

  const instances = members.get("instances");
  const inputs = members.get("inputs");
  if (instances && inputs) {
    throw unfit(
      "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    );
  }
  if (instances) {
    if (bytes[instances.start] !== CHAR.openArray) {
      throw unfit("Expecting 'instances' to be an list/array");
    }
    const first = skipSpace(bytes, instances.start + 1);
    if (bytes[first] === CHAR.closeArray) throw unfit("No values in 'instances' array");
    explainInstances(bytes, instances.start, first, specsFor(bytes, first, signature));
  } else if (inputs) {
    explainInputs(bytes, inputs.start, specsFor(bytes, inputs.start, signature));
  } else throw errors.requestUnfit("Missing 'inputs' or 'instances' key");
}

/** The inputs of the signature form that the keys of an object match. */
function specsFor(
  bytes: Uint8Array,
  at: number,
  signature: Signature,
): ReadonlyMap<string, TensorSpec> {
  if (signature.aliases === undefined || !isNamedRow(bytes, at)) return signature.inputs;
  const names = new Set(Array.from(membersOf(bytes, at), ({ key }) => key));
  return formNamedBy(signature, names).inputs;
}
