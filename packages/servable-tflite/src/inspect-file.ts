import { type RowVerdict, readWholeFile, type Signature } from "@serving-kit/inference";
import { findModel } from "./find-model.js";
import { parseModelFile } from "./model-file.js";
import { toSignature } from "./model-signature.js";
import type { ModelState } from "./model-state.js";
import { type UncheckedOperand, uncheckedOperands } from "./operands/guard-operands.js";
import { type RuntimeRequirements, requirementsOf } from "./requirements/runtime-requirements.js";
import { verdictOf } from "./rows/graph-rows.js";

/** The description of a `.tflite` model, from its file. */
export interface TfliteInspection {
  /** The path of the file. */
  readonly path: string;
  readonly bytes: number;
  readonly signatures: ReadonlyMap<string, Signature>;
  /** The state that the model keeps between runs. */
  readonly state: ModelState;
  /** Inputs of `tf.Example` messages, which are parsed before the runtime receives them. */
  readonly exampleInputs: readonly string[];
  readonly requirements: RuntimeRequirements;
  /** The verdict on the rows of each signature, from the graph. */
  readonly rowVerdicts: ReadonlyMap<string, RowVerdict>;
  /** Returns operands that a TensorFlow Lite version does not check, and that cannot be checked before a run. */
  uncheckedOperands(runtimeVersion: string): readonly UncheckedOperand[];
}

/** See `inspectTflite`. */
export async function inspectFile(folderOrFile: string): Promise<TfliteInspection> {
  const path = await findModel(folderOrFile);
  const bytes = await readWholeFile(path);
  const { graph, file } = parseModelFile(path, bytes);
  return {
    path,
    bytes: bytes.byteLength,
    signatures: new Map(
      [...file.signatures].map(([name, signature]) => [name, toSignature(name, signature)]),
    ),
    state: file.state,
    exampleInputs: [...file.signatures.values()].flatMap(({ examples = [] }) =>
      examples.map(({ name }) => name),
    ),
    requirements: requirementsOf(graph),
    rowVerdicts: new Map(
      [...file.signatures].map(([name, signature]) => [name, verdictOf(graph, signature)]),
    ),
    uncheckedOperands: (version) => uncheckedOperands(graph, file.signatures, version),
  };
}
