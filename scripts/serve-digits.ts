import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runCommand } from "../packages/serving-kit/src/command.js";

// What `npm start` runs: the command `serving-kit` with the digits model, and a request to try.

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

const args = ["--model_name=digits", `--model_base_path=${fileURLToPath(digits)}`];
process.exitCode = await runCommand([...args, ...process.argv.slice(2)], {
  onListening: printRequest,
});
