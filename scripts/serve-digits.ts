import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runCommand } from "../packages/serving-kit/src/command.js";
import { showProgress } from "../packages/serving-kit/src/progress.js";
import type { Serving } from "../packages/serving-kit/src/serve.js";
import { showInstallProgress } from "../packages/serving-kit/src/subcommands/install.js";
import { ensureTensorFlow } from "./ensure-tensorflow.js";

// What `npm start` runs: the command `serving-kit` with the digits model, and a request to try. The
// same model as a SavedModel follows when libtensorflow is there, which the first start gets.

const digits = new URL("../examples/models/digits/", import.meta.url);

interface Sample {
  readonly label: number;
  readonly image: readonly number[];
}

/** The body of a request with one real image, its pixels rounded to quarters to keep it short. */
function shortestBody(): { readonly body: string; readonly label: number } {
  const samples: readonly Sample[] = JSON.parse(
    readFileSync(new URL("samples.json", digits), "utf8"),
  );
  const requests = samples.map(({ label, image }) => {
    const row = image.map((pixel) => Math.round(4 * pixel) / 4);
    return { label, body: JSON.stringify({ instances: [row] }) };
  });
  const [shortest] = requests.sort((a, b) => a.body.length - b.body.length);
  if (shortest === undefined) throw new Error("examples/models/digits/samples.json has no sample");
  return shortest;
}

/** Asks once, so that the answer that is printed is the answer that will come. */
async function printRequest(port: number): Promise<void> {
  const url = `http://localhost:${port}/v1/models/digits:predict`;
  const { body, label } = shortestBody();
  const answer = await fetch(url, { method: "POST", body });
  process.stdout.write(
    [
      "",
      `Try it, with a picture of a ${label}:`,
      "",
      `curl -d '${body}' ${url}`,
      "",
      "The answer will be:",
      "",
      (await answer.text()).trimEnd(),
      "",
      "Ctrl-C ends the server.",
      "",
    ].join("\n"),
  );
}

/** Serves the SavedModel next to the `.tflite`, or says in one sentence why not. */
async function addSavedModel(port: number, { server, models, signal }: Serving): Promise<void> {
  const name = "digits_savedmodel";
  using progress = showProgress(process.stderr);
  const reason = await ensureTensorFlow({
    signal,
    onProgress: (at) => showInstallProgress(progress, "libtensorflow", at),
  });
  progress[Symbol.dispose]();
  if (signal.aborted) return;
  const basePath = fileURLToPath(new URL("savedmodel", digits));
  const outcomes = reason === undefined ? await server.reload([...models, { name, basePath }]) : [];
  const problem = reason ?? outcomes.find((outcome) => outcome.name === name)?.error?.message;
  if (signal.aborted) return;
  process.stdout.write(
    problem === undefined
      ? `serving ${name} at http://localhost:${port}/v1/models/${name}, the same model as a SavedModel\n`
      : `The SavedModel of digits is not served, only the .tflite: ${problem}.\n`,
  );
}

const args = ["--model_name=digits", `--model_base_path=${fileURLToPath(digits)}`];
process.exitCode = await runCommand([...args, ...process.argv.slice(2)], {
  onListening: async (serving) => {
    const { restPort } = serving;
    if (restPort === undefined) return; // by --rest_api_port=0
    await printRequest(restPort);
    await addSavedModel(restPort, serving);
  },
});
