import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "@serving-kit/core";
import { fetchModel } from "../fetch-model.js";
import { showProgress } from "../progress.js";
import { storageFlags } from "../server-flags/model-flags.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

const { model_ready_marker } = storageFlags;

/** `serving-kit pull URI DIR`: downloads the newest version of a model from a bucket. */
export function pull(): Subcommand {
  return defineSubcommand({
    usage: "pull s3://bucket/models/digits /models/digits",
    description:
      "Downloads the newest version under a URI, or the version that the URI names, into DIR/<version>. For init\n" +
      "containers and image builds. The folder gets its final name when all files are downloaded and verified.\n" +
      "Does nothing if the version already exists.",
    operands: ["uri", "dir"],
    flags: { model_ready_marker },
    async run({ operands: [uri = "", dir = ""], flags }, { stdout, stderr, signal }) {
      using progress = showProgress(stderr);
      await mkdir(dir, { recursive: true });
      // In the same folder, so that a rename is enough.
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
