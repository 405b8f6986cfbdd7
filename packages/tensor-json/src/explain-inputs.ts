import type { TensorSpec } from "@serving-kit/inference";
import { checkTensor } from "./check-tensor.js";
import { errors } from "./errors.js";
import { CHAR } from "./json-text.js";
import { elementsOf, type JsonMember, membersOf } from "./json-walk.js";
import { isNamedRow, isNull } from "./named-row.js";

type Specs = ReadonlyMap<string, TensorSpec>;

/** Throws the error that TF Serving throws for `inputs`. */
export function explainInputs(bytes: Uint8Array, at: number, specs: Specs): void {
  if (isNamedRow(bytes, at)) {
    explainColumns(bytes, at, specs);
    return;
  }
  if (specs.size > 1) {
    throw errors.requestUnfit(
      "inputs is a plain value/list, but expecting an object as multiple input tensors " +
        "required as per tensorinfo_map",
    );
  }
  for (const spec of specs.values()) explainTensor(bytes, at, spec);
}

function explainColumns(bytes: Uint8Array, at: number, specs: Specs): void {
  const members = new Map<string, JsonMember>();
  for (const member of membersOf(bytes, at)) {
    if (!members.has(member.key)) members.set(member.key, member);
  }
  for (const [name, spec] of specs) {
    const member = members.get(name);
    if (member) explainColumn(bytes, member.start, name, spec);
    else if (!spec.isOptional) {
      throw errors.requestUnfit(`Missing named input: ${name} in 'inputs' object.`);
    }
  }
}

function explainColumn(bytes: Uint8Array, at: number, name: string, spec: TensorSpec): void {
  if (spec.missing === undefined || bytes[at] !== CHAR.openArray) {
    explainTensor(bytes, at, spec);
    return;
  }
  let row = 0;
  for (const element of elementsOf(bytes, at)) {
    if (!isNull(bytes, element.start)) {
      const { error, shape } = checkTensor(bytes, element.start, spec.dtype);
      if (error || shape.length > 0) {
        const problem = error?.message ?? "expected a scalar; got a list";
        throw errors.requestUnfit(`Failed to process row ${row} of input ${name}: ${problem}`);
      }
    }
    row++;
  }
}

function explainTensor(bytes: Uint8Array, at: number, spec: TensorSpec): void {
  const { error } = checkTensor(bytes, at, spec.dtype);
  if (error) throw error;
}
