import { DEMO_MODEL } from "../demo-model.js";
import { demoRequest } from "../demo-request.js";
import { parseFlags } from "../flags.js";
import { serve } from "../serve.js";
import { serverFlags } from "../server-flags.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

/** The flags that choose models, which the demo does not accept. */
const {
  model_name: _name,
  model_base_path: _basePath,
  model_config_file: _configFile,
  model_platform: _platform,
  ...flags
} = serverFlags;

/** `serving-kit demo`: serves this package's example model, and shows how to call it. */
export function demo(): Subcommand {
  return defineSubcommand({
    usage: "demo",
    description:
      "Serves an example model that recognizes handwritten digits. Prints a curl line and a program that call it.\n" +
      "Accepts the flags of the server, except those that choose the models.",
    operands: [],
    flags,
    async run(parsed, { stdout, stderr }) {
      const model = ["--model_name=digits", `--model_base_path=${DEMO_MODEL}`];
      const chosen = parseFlags(serverFlags, model);
      await serve(
        {
          flags: { ...chosen.flags, ...parsed.flags },
          given: new Set([...chosen.given, ...parsed.given]),
          operands: [],
        },
        {
          ...{ stdout, stderr, environment: {} },
          async onListening({ restUrl }) {
            // With TLS, a request would fail: fetch does not trust the certificate.
            if (restUrl?.startsWith("http:")) stdout.write(await demoRequest(restUrl));
          },
        },
      );
      return 0;
    },
  });
}
