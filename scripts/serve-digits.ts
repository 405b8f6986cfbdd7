import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "../packages/native-library/src/index.js";
import { runCommand } from "../packages/serving-kit/src/command.js";
import { demoRequest } from "../packages/serving-kit/src/demo-request.js";
import { showProgress } from "../packages/serving-kit/src/progress.js";
import type { Serving } from "../packages/serving-kit/src/serve.js";
import { showInstallProgress } from "../packages/serving-kit/src/subcommands/install.js";
import { ensureTensorFlow } from "./ensure-tensorflow.js";

// Run by `npm start`: the command `serving-kit` with the digits model, and a request to try. The same model as a
// SavedModel follows if libtensorflow is there, which the first start gets; with `--without-tensorflow` it is left out.

const digits = new URL("../examples/models/digits/", import.meta.url);

const SKIP = "--without-tensorflow";

/** Downloads libtensorflow if it is missing, and says before what for, how much and to where. Returns what failed. */
async function getTensorFlow(signal: AbortSignal): Promise<string | undefined> {
  using progress = showProgress(process.stderr);
  let isAnnounced = false;
  return ensureTensorFlow({
    signal,
    onProgress(at) {
      if (at.step === "downloading" && !isAnnounced) {
        isAnnounced = true;
        const size = at.totalBytes ? ` (${Math.round(at.totalBytes / 1e6)} MB)` : "";
        const folder = join(cacheFolder(), "tensorflow");
        process.stdout.write(
          `To serve the SavedModel of digits too, libtensorflow${size} is downloaded into ${folder}, once. ` +
            `The .tflite model is served meanwhile. \`npm start -- ${SKIP}\` starts without it.\n`,
        );
      }
      showInstallProgress(progress, "libtensorflow", at);
    },
  });
}

/** Serves the SavedModel next to the `.tflite`, or says in one sentence why not. */
async function addSavedModel(url: string, { server, models, signal }: Serving): Promise<void> {
  const name = "digits_savedmodel";
  const reason = await getTensorFlow(signal);
  if (signal.aborted) return;
  const basePath = fileURLToPath(new URL("savedmodel", digits));
  const outcomes = reason === undefined ? await server.reload([...models, { name, basePath }]) : [];
  const problem = reason ?? outcomes.find((outcome) => outcome.name === name)?.error?.message;
  if (signal.aborted) return;
  process.stdout.write(
    problem === undefined
      ? `serving ${name} at ${url}/v1/models/${name}, the same model as a SavedModel\n`
      : `The SavedModel of digits is not served, only the .tflite: ${problem}.\n`,
  );
}

const given = process.argv.slice(2);
const args = ["--model_name=digits", `--model_base_path=${fileURLToPath(digits)}`];
process.exitCode = await runCommand([...args, ...given.filter((argument) => argument !== SKIP)], {
  onListening: async (serving) => {
    const { restUrl } = serving;
    if (!restUrl?.startsWith("http:")) return; // by --rest_api_port=0 or --ssl_config_file
    process.stdout.write(await demoRequest(restUrl));
    if (!given.includes(SKIP)) await addSavedModel(restUrl, serving);
  },
});
