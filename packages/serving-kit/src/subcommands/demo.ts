import { DEMO_MODEL } from "../demo-model.js";
import { demoRequest } from "../demo-request.js";
import { parseFlags } from "../flags.js";
import { serve } from "../serve.js";
import { serverFlags } from "../server-flags.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

/** The flags that say which models are served: the demo has its own. */
const {
  model_name: _name,
  model_base_path: _basePath,
  model_config_file: _configFile,
  model_platform: _platform,
  ...flags
} = serverFlags;

/** `serving-kit demo`: serves the digits model that comes with this package, and shows how to call it. */
export function demo(): Subcommand {
  return defineSubcommand({
    usage: "demo",
    description:
      "Serves a model that reads handwritten digits and comes with this package. Prints a curl line and a\n" +
      "program that call it. Takes the flags of the server, except those that choose the models.",
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
            // Over TLS only a client that knows the certificate is answered.
            if (restUrl?.startsWith("http:")) stdout.write(await demoRequest(restUrl));
          },
        },
      );
      return 0;
    },
  });
}
