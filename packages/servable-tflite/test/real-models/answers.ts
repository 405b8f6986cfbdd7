import { existsSync, readFileSync } from "node:fs";
import {
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  type Tensors,
} from "@serving-kit/inference";

/** A tensor of an answer file: strings in Base64, or a place in the file of values. */
export interface RecordedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly strings?: readonly string[];
  readonly offset?: number;
  readonly length?: number;
  /** One step of a quantized output, 0 if it is not quantized. */
  readonly scale?: number;
}

/** One call that Python made, with its answer or its error. */
export interface Case {
  readonly signature: string;
  readonly name: string;
  readonly inputs?: Readonly<Record<string, RecordedTensor>>;
  readonly outputs?: Readonly<Record<string, RecordedTensor>>;
  /** Largest difference between Python's answers with and without XNNPACK; null if not comparable. */
  readonly spread?: Readonly<Record<string, number | null>>;
  /** The answer without XNNPACK, if it differs by more than `differenceOf` allows. */
  readonly plain?: Readonly<Record<string, RecordedTensor>>;
  readonly error?: string;
}

/** The answers of `reference.py` for one model. */
export interface Answers {
  /** True if a tensor of the model is float16. */
  readonly float16?: boolean;
  readonly cases?: readonly Case[];
  /** Why Python could not open the model. */
  readonly error?: string;
}

/** The answers for one model, and a reader for their tensors. */
export interface RecordedModel {
  readonly answers: Answers;
  readonly tensors: TensorReader;
}

/** The answers in PATH.json, with the values in PATH.bin. */
export function readAnswers(path: string): RecordedModel {
  const answers = JSON.parse(readFileSync(`${path}.json`, "utf8")) as Answers;
  const values = existsSync(`${path}.bin`) ? readFileSync(`${path}.bin`) : Buffer.alloc(0);
  return { answers, tensors: (recorded) => readAll(recorded, values) };
}

/** The answers of several models in one file: `reference.py FILE.json`, with the values in Base64. */
export function readAnswerFile(path: URL): Map<string, RecordedModel> {
  const models = JSON.parse(readFileSync(path, "utf8")) as Record<string, Answers & Values>;
  return new Map(
    Object.entries(models).map(([name, { values, ...answers }]) => {
      const bytes = Buffer.from(values, "base64");
      return [name, { answers, tensors: (recorded) => readAll(recorded, bytes) }];
    }),
  );
}

interface Values {
  readonly values: string;
}

/** Returns recorded tensors as tensors of the kit, each with memory of its own. */
export type TensorReader = (recorded: Readonly<Record<string, RecordedTensor>>) => Tensors;

function readAll(recorded: Readonly<Record<string, RecordedTensor>>, values: Buffer): Tensors {
  return Object.fromEntries(
    Object.entries(recorded).map(([name, tensor]) => [name, read(tensor, values)]),
  );
}

function read({ dtype, shape, strings, offset = 0, length = 0 }: RecordedTensor, values: Buffer) {
  if (strings !== undefined) {
    const data = strings.map((text) => Uint8Array.from(Buffer.from(text, "base64")));
    return { dtype: "string", shape, data } as Tensor;
  }
  const { array } = NUMERIC_DTYPES[dtype as NumericDType];
  const bytes = Uint8Array.from(values.subarray(offset, offset + length));
  return { dtype, shape, data: new array(bytes.buffer) } as Tensor;
}
