const MODEL_FILES: readonly string[] = ["model.tflite", "saved_model.pb", "saved_model.pbtxt"];

/** Tells whether the entries of a base path without version directories are a model themselves. */
export function isUnversionedModel(names: readonly string[]): boolean {
  return MODEL_FILES.some((file) => names.includes(file));
}

/** Tells whether a base path that is a file is a model by its name. */
export function isModelFile(path: string): boolean {
  return /\.(tflite|pb|pbtxt)$/i.test(path);
}
