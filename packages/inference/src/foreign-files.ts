import { join } from "node:path";
import { type IncompleteFiles, incomplete } from "@serving-kit/core";
import { gatedFiles } from "./gated-files.js";

/** A kind of file that people mistake for a model, and what to do with it. */
interface ForeignKind {
  readonly names: RegExp;
  readonly what: string;
  readonly remedy: (name: string) => string;
}

/** The kinds in order of precedence: the first kind that a folder has is reported. */
const KINDS: readonly ForeignKind[] = [
  {
    names: /\.keras$/i,
    what: "a Keras file",
    remedy: (name) =>
      `write a SavedModel with keras.models.load_model("${name}").export(folder) in Python`,
  },
  {
    names: /\.(h5|hdf5)$/i,
    what: "a Keras HDF5 file",
    remedy: (name) =>
      `write a SavedModel with keras.models.load_model("${name}").export(folder) in Python`,
  },
  {
    names: /\.onnx$/i,
    what: "an ONNX model",
    remedy: () => 'serve it by the platform "onnx", or name no platform',
  },
  {
    names: /\.task$/i,
    what: "a MediaPipe task, which is a zip of .tflite files",
    remedy: (name) => `unpack it (unzip ${name}) and serve the .tflite file`,
  },
  {
    names: /^(?!saved_model\.pb$).+\.pb$/i,
    what: "a frozen graph, which has no signatures",
    remedy: (name) =>
      `import ${name} in Python and write a SavedModel with tf.compat.v1.saved_model.simple_save`,
  },
  {
    names: /\.tflite$/i,
    what: "a TensorFlow Lite model",
    remedy: () => 'serve it by the platform "tflite", or name no platform',
  },
  {
    names: /^saved_model\.pb(txt)?$/i,
    what: "a SavedModel",
    remedy: () => 'serve it by the platform "tensorflow", or name no platform',
  },
  {
    names: /\.(ckpt|meta|ckpt(-\d+)?\.index)$/i,
    what: "a checkpoint, which has no graph",
    remedy: () => "load it into its model in Python and export a SavedModel",
  },
  {
    names: /\.(pkl|pickle|joblib)$/i,
    what: "a Python pickle",
    remedy: (name) =>
      `load ${name} in Python and save it in the format of its library: save_model("model.ubj") of XGBoost, save_model("model.txt") of LightGBM, or ONNX`,
  },
  {
    names: /\.cbm$/i,
    what: "a CatBoost model",
    remedy: () => 'export it as ONNX: save_model("model.onnx", format="onnx")',
  },
  {
    names: /\.(zip|tar|tgz|tar\.gz)$/i,
    what: "an archive",
    remedy: (name) => `unpack ${name} and serve what is in it`,
  },
];

/** Matches the name of a model's main file. */
const MODEL_FILE = /^saved_model\.pb(txt)?$|\.(tflite|onnx)$/i;

/** Maximum number of subfolders to search. */
const MAX_SUBFOLDERS = 100;

/**
 * Explains why a folder has no model. `missing` says what the platform expects. The explanation names files that people
 * mistake for models, or a model in a subfolder, and says what to do.
 */
export async function explainMissingModel(path: string, missing: string): Promise<IncompleteFiles> {
  const entries = await gatedFiles.readdir(path, { withFileTypes: true }).catch(() => []);
  for (const { names, what, remedy } of KINDS) {
    const entry = entries.find((entry) => !entry.isDirectory() && names.test(entry.name));
    if (entry) return incomplete(`${missing}; ${entry.name} is ${what}`, remedy(entry.name));
  }
  const folders = entries.filter((entry) => entry.isDirectory()).slice(0, MAX_SUBFOLDERS);
  for (const { name } of folders) {
    const files = await gatedFiles.readdir(join(path, name)).catch(() => []);
    const file = files.find((file) => MODEL_FILE.test(file));
    if (file === undefined) continue;
    return incomplete(
      `${missing}; ${file} is in the subfolder ${name}`,
      `move what is in ${name} up into its parent folder`,
    );
  }
  return incomplete(missing);
}
