import { stringsOf, type Tensor, tensor } from "@serving-kit/inference";
import { loadNamed } from "./support.js";

// Calls a model with an operator of the library at the path of the argument.

const customOpLibraries = process.argv.slice(2);
await using predictor = await loadNamed("upper", { options: { customOpLibraries } });
const { y } = await predictor.predict({ x: tensor("string", [2], ["abc", "Def"]) });
process.stdout.write(JSON.stringify(stringsOf(y as Tensor<"string">)));
