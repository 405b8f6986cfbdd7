import type { Tensor, Tensors } from "@serving-kit/inference";
import { errors } from "./errors.js";
import { JsonWriter } from "./json-writer.js";
import type { PredictForm } from "./read-inputs.js";
import { boundOf, writeTensor } from "./write-tensor.js";

/**
 * Writes the response to a predict request: `predictions` for the row form, `outputs` for the columnar form. A single
 * output is written without its name, several outputs as an object (per row).
 *
 * @throws ServingError INVALID_ARGUMENT / OUTPUT_UNFIT with TF Serving's text if the outputs of a row response have
 * different batch sizes, or a dtype has no form in JSON.
 */
export function encodePredict(outputs: Tensors, form: PredictForm): Buffer {
  const named = Object.entries(outputs);
  const [first] = named;
  if (first === undefined) throw errors.outputUnfit("Cannot convert empty tensor map to JSON");
  const rows = form === "row" ? batchSize(named) : 1;
  const isSingle = named.length === 1;
  let bound = 64;
  for (const [name, tensor] of named) {
    bound += (name.length * 6 + 8 + tensor.shape.length) * rows + boundOf(name, tensor);
  }
  const writer = new JsonWriter(bound);
  writer.raw(form === "row" ? '{"predictions":' : '{"outputs":');
  if (isSingle) writeTensor(writer, ...first);
  else if (form === "columnar") writeNamed(writer, named);
  else writeRows(writer, named, rows);
  writer.raw("}");
  return writer.finish();
}

type Named = readonly (readonly [string, Tensor])[];

function batchSize(named: Named): number {
  let size = -1;
  for (const [name, { shape }] of named) {
    if (shape.length === 0) {
      throw errors.outputUnfit(`Tensor name: ${name} has no shape information `);
    }
    if (size >= 0 && shape[0] !== size) {
      throw errors.outputUnfit(
        `Tensor name: ${name} has inconsistent batch size: ${shape[0]} expecting: ${size}`,
      );
    }
    size = shape[0] as number;
  }
  return size;
}

function writeNamed(writer: JsonWriter, named: Named, row?: number): void {
  writer.raw("{");
  for (let i = 0; i < named.length; i++) {
    const [name, tensor] = named[i] as Named[number];
    if (i > 0) writer.raw(",");
    writer.text(name);
    writer.raw(":");
    writeTensor(writer, name, tensor, row);
  }
  writer.raw("}");
}

function writeRows(writer: JsonWriter, named: Named, rows: number): void {
  writer.raw("[");
  for (let row = 0; row < rows; row++) {
    if (row > 0) writer.raw(",");
    writeNamed(writer, named, row);
  }
  writer.raw("]");
}
