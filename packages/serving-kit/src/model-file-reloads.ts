import {
  type Logger,
  type ModelConfigFile,
  type ModelConfigWatch,
  type ModelServer,
  watchModelConfig,
} from "@serving-kit/server";

/** Reloads a server's models from `--model_config_file`. */
export interface ModelFileReloads extends Disposable {
  /** Starts watching. May be called while the server is starting: reloads wait until it has started. */
  begin(server: ModelServer): void;
}

/** Options of `modelFileReloads`. */
export interface ModelFileReloadsOptions {
  /** Interval in ms at which the file is read again; 0 disables polling. */
  readonly pollIntervalMs: number;
  readonly logger: Logger;
  /** True if the server has a request log, which SIGHUP reopens. */
  readonly hasLog: boolean;
  /** True if a model's base path is a URI, whose storage SIGHUP polls. */
  readonly hasUris: boolean;
}

/**
 * Reloads models when their file changes and on SIGHUP. SIGHUP also reopens the request logs and polls remote
 * storage. If there is no file, no request log and no remote storage, SIGHUP keeps its default action: it ends the
 * process.
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
        watch?.reload().catch(() => {}); // already logged
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
