import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "@serving-kit/core";
import { fetchModel } from "../fetch-model.js";
import { showProgress } from "../progress.js";
import { storageFlags } from "../server-flags/model-flags.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

const { model_ready_marker } = storageFlags;

/** `serving-kit pull URI DIR`: the newest version of a model in a bucket, as a folder. */
export function pull(): Subcommand {
  return defineSubcommand({
    usage: "pull s3://bucket/models/digits /models/digits",
    description:
      "Fetches the newest version below a URI, or the version that it names, into a folder of its number\n" +
      "below DIR: for init containers and builds of images. The folder gets its name when all of it is\n" +
      "there and checked. A version that is there already is left as it is.",
    operands: ["uri", "dir"],
    flags: { model_ready_marker },
    async run({ operands: [uri = "", dir = ""], flags }, { stdout, stderr, signal }) {
      using progress = showProgress(stderr);
      await mkdir(dir, { recursive: true });
      // Below the folder itself, so that a rename is enough.
      const cache = join(dir, `.pull-${process.pid}`);
      const readyMarker = flags.model_ready_marker;
      const modelCache = { dir: cache };
      const options = { modelCache, readyMarker, logger: silentLogger, signal, progress };
      try {
        const { version, uri: found, lease } = await fetchModel(uri, options);
        await using held = lease;
        progress[Symbol.dispose]();
        const target = join(dir, String(version));
        const isThere = await access(target).then(
          () => true,
          () => false,
        );
        if (!isThere) await rename(held.path, target);
        stdout.write(`${found} is ${isThere ? "already " : ""}at ${target}\n`);
        return 0;
      } finally {
        await rm(cache, { recursive: true, force: true });
      }
    },
  });
}
