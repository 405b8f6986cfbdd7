// Prints the description of a SavedModel without loading it, like saved_model_cli: tags, signatures with the names,
// dtypes and shapes of their tensors, assets, and missing files.
import { formatInspection, inspectSavedModel } from "@serving-kit/servable-tensorflow";

const models = `${import.meta.dirname}/../models`;
const paths = process.argv.slice(2);
for (const path of paths.length > 0 ? paths : [`${models}/zoo/arithmetic/1`]) {
  console.log(formatInspection(await inspectSavedModel(path)));
}
