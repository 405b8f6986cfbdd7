import {
  type Logger,
  type ModelConfigFile,
  type ModelConfigWatch,
  type ModelServer,
  watchModelConfig,
} from "@serving-kit/server";

/** Reloads the models of a server from the file that `--model_config_file` names. */
export interface ModelFileReloads extends Disposable {
  /** Begins, which a server that is still starting allows: reloads wait for it. */
  begin(server: ModelServer): void;
}

/** Options of `modelFileReloads`. */
export interface ModelFileReloadsOptions {
  /** How often the file is read again, in ms; 0: never. */
  readonly pollIntervalMs: number;
  readonly logger: Logger;
  /** Whether the server has a request log, which SIGHUP reopens. */
  readonly hasLog: boolean;
  /** Whether a model's base path is a URI, whose storage SIGHUP polls. */
  readonly hasUris: boolean;
}

/**
 * Reloads models when their file has changed, and at SIGHUP, which also reopens the request logs and polls storage that
 * is not local. Without any of the three SIGHUP does what it always did: it ends the process.
 */
export function modelFileReloads(
  file: ModelConfigFile | undefined,
  { pollIntervalMs, logger, hasLog, hasUris }: ModelFileReloadsOptions,
): ModelFileReloads {
  let onHangup = () => {};
  let watch: ModelConfigWatch | undefined;
  return {
    begin(server) {
      if (file === undefined && !hasLog && !hasUris) return;
      onHangup = () => {
        server.reopenLogs();
        if (hasUris) void server.poll();
        watch?.reload().catch(() => {}); // the logger has the error
      };
      process.on("SIGHUP", onHangup);
      if (file === undefined) return;
      watch = watchModelConfig({
        file,
        reload: (models) => server.reload(models),
        pollIntervalMs,
        logger,
      });
    },
    [Symbol.dispose]() {
      process.off("SIGHUP", onHangup);
      watch?.[Symbol.dispose]();
    },
  };
}
