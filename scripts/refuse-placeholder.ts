import { isPlaceholder, placeholderMessage } from "./project.js";

// `prepublishOnly` of every package: a package without an address is not published.
if (isPlaceholder()) {
  process.stderr.write(`${placeholderMessage}\n`);
  process.exitCode = 1;
}
