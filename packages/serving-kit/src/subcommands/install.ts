import { resolve } from "node:path";
import {
  type Installation,
  type InstallOptions,
  type InstallProgress,
  installTensorFlow,
} from "@serving-kit/servable-tensorflow";
import { errors } from "../errors.js";
import { text } from "../flag-kinds.js";
import { examineTensorFlow } from "../libraries.js";
import { type Progress, showProgress } from "../progress.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

const flags = {
  dir: text(
    "folder",
    undefined,
    "Where the libraries go. Without it, to the cache folder, where models find them.",
  ),
  version: {
    ...text("version", undefined, "The version of TensorFlow. Without it, one that was tested."),
    expected: "a version such as 2.21.0",
    parse: (value: string) => (/^\d+(\.\d+)*([a-z]+\d+)?$/.test(value) ? value : undefined),
  },
  archives: {
    ...text("URL", undefined, "A mirror of Google's archives: <URL>/<version>/<name> is one."),
    expected: "an address that begins with http:// or https://",
    parse: (value: string) =>
      /^https?:/.test(value) && URL.canParse(value) ? value.replace(/\/+$/, "") : undefined,
  },
};

/** What `install` does its work with. */
export interface InstallTools {
  readonly install: typeof installTensorFlow;
  readonly examine: typeof examineTensorFlow;
}

/** `serving-kit install tensorflow`: gets libtensorflow and proves that it opens. */
export function install({
  install = installTensorFlow,
  examine = examineTensorFlow,
}: Partial<InstallTools> = {}): Subcommand {
  return defineSubcommand({
    usage: "install tensorflow",
    description:
      "Gets libtensorflow, which SavedModels need: asks pip where TensorFlow's Python package is,\n" +
      "downloads it, checks it and unpacks the libraries in it; without pip, Google's archive of the C\n" +
      "library, which is of an older version. What is there already is checked, and mended where it is\n" +
      "damaged. Where the connection breaks or this is killed, the download goes on from there when it\n" +
      "is run again; but not where only pip can get the package, as through a proxy of pip's own.",
    operands: ["library"],
    flags,
    async run(
      { flags: { dir, version, archives }, operands: [library = ""] },
      { stdout, stderr, signal },
    ) {
      if (library !== "tensorflow") throw errors.argumentInvalid("library", "tensorflow", library);
      const options: InstallOptions = {
        signal,
        ...(dir !== undefined && { dir: resolve(dir) }),
        ...(version !== undefined && { version }),
        ...(archives !== undefined && { archives }),
      };
      using progress = showProgress(stderr);
      const installed = await install({
        ...options,
        onProgress: (at) => showInstallProgress(progress, at),
      });
      progress[Symbol.dispose]();
      const { folder } = installed;
      stdout.write(`libtensorflow ${installed.version} ${verbOf(installed)} ${folder}\n`);
      const { opened, problem } = await examine(installed.library);
      if (opened === undefined) {
        stderr.write(`but it does not open, though it is whole: ${problem}\n`);
        return 1;
      }
      stdout.write(`it opens, and says that it is TensorFlow ${opened.version}\n`);
      if (opened.version.replaceAll("-", "") !== installed.version) {
        stderr.write(`but that is not version ${installed.version}\n`);
        return 1;
      }
      if (dir !== undefined) {
        stdout.write(`to use it, set SERVING_KIT_TENSORFLOW_LIBRARY=${installed.library}\n`);
      }
      return 0;
    },
  });
}

function verbOf({ isNew, repaired }: Installation): string {
  if (repaired.length > 0) return `(${repaired.join(", ")} was damaged) is installed again in`;
  return isNew ? "is installed in" : "was there already, whole, in";
}

/** Shows how far an installation is. */
export function showInstallProgress(
  progress: Progress,
  { step, bytes, totalBytes }: InstallProgress,
): void {
  const fraction = totalBytes === undefined ? undefined : bytes / totalBytes;
  const size = totalBytes === undefined ? "" : ` (${Math.round(totalBytes / 1e6)} MB)`;
  progress.update(`${step} libtensorflow${size}`, fraction);
}
