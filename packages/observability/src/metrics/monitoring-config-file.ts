import type { Logger } from "@serving-kit/core";
import { readTextFormat, serverErrors, type TextFormat } from "@serving-kit/server";
import type { MetricsOptions } from "./metrics-options.js";

// Names and numbers of TF Serving's config/monitoring_config.proto.
const FORMAT: TextFormat = {
  name: "tensorflow.serving.MonitoringConfig",
  schema: {
    nested: {
      "tensorflow.serving": {
        nested: {
          MonitoringConfig: {
            fields: { prometheusConfig: { type: "PrometheusConfig", id: 1 } },
          },
          PrometheusConfig: {
            fields: { enable: { type: "bool", id: 1 }, path: { type: "string", id: 2 } },
          },
        },
      },
    },
  },
};

interface MonitoringConfig {
  readonly prometheusConfig?: { readonly enable?: boolean; readonly path?: string };
}

/**
 * Reads a monitoring config file: TF Serving's `MonitoringConfig` in protobuf's text format. Returns undefined if
 * the file does not enable Prometheus.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION); CONFIG_FILE_INVALID (INVALID_ARGUMENT) with the
 * line and the problem, or for a path that does not start with /.
 */
export async function readMonitoringConfigFile(
  path: string,
  logger?: Logger,
): Promise<MetricsOptions | undefined> {
  const { message } = await readTextFormat(path, "monitoring config file", FORMAT, logger);
  const { prometheusConfig } = message as object as MonitoringConfig;
  if (!prometheusConfig?.enable) return undefined;
  const { path: page = "" } = prometheusConfig;
  if (page === "") return {};
  if (!/^\/[^?#]*$/.test(page)) {
    throw serverErrors.configFileInvalid(path, `expected a path that starts with /; got "${page}"`);
  }
  return { path: page };
}
