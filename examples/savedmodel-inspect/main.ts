// Prints what a SavedModel says of itself, as saved_model_cli does, without loading it: tags,
// signatures with the names, dtypes and shapes of their tensors, assets, what is missing.
import { formatInspection, inspectSavedModel } from "@serving-kit/servable-tensorflow";

const models = `${import.meta.dirname}/../models`;
const paths = process.argv.slice(2);
for (const path of paths.length > 0 ? paths : [`${models}/zoo/arithmetic/1`]) {
  console.log(formatInspection(await inspectSavedModel(path)));
}
