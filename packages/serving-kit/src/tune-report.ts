import {
  formatBatchingParameters,
  type TuneConfiguration,
  type TuneResult,
} from "@serving-kit/batching";

const HEADINGS = [
  "max_batch_size",
  "batch_timeout_ms",
  "slots",
  "calls/s",
  "p50 ms",
  "p99 ms",
  "mean batch",
];

/** The results as a table with one line each. The best result is marked. */
export function formatTable(results: readonly TuneResult[], best: TuneResult | undefined): string {
  const lines = results.map((result) => {
    const cells = cellsOf(result).map((cell, column) =>
      cell.padStart((HEADINGS[column] as string).length),
    );
    const failed = result.failed > 0 ? `  ${result.failed} calls failed` : "";
    return `${cells.join("  ")}${result === best ? "  <- best" : failed}`;
  });
  return [HEADINGS.join("  "), ...lines].join("\n");
}

function cellsOf({ configuration, callsPerSecond, p50Ms, p99Ms, meanBatchSize }: TuneResult) {
  const { maxBatchSize, batchTimeoutMs, slots, timing } = configuration;
  return [
    ...[maxBatchSize, timing === "idle-first" ? timing : batchTimeoutMs, slots].map(String),
    Math.round(callsPerSecond).toLocaleString("en"),
    ...[p50Ms, p99Ms].map((ms) => ms.toFixed(2)),
    meanBatchSize.toFixed(1),
  ];
}

/** The best configuration, as flags, as TypeScript and as a TF Serving file. */
export function advise(results: readonly TuneResult[], best: TuneResult | undefined): string {
  if (best === undefined) {
    return "No configuration qualifies: calls failed, or p99 latency exceeded --max_p99_ms.";
  }
  const { configuration, callsPerSecond } = best;
  const { maxBatchSize, timing } = configuration;
  const alone = results
    .filter((result) => result.configuration.maxBatchSize === 1)
    .map((result) => result.callsPerSecond);
  const gain =
    maxBatchSize === 1
      ? "Batching does not make this model faster."
      : alone.length > 0 &&
        `Throughput: ${(callsPerSecond / Math.max(...alone)).toFixed(1)} times the throughput without batching.`;
  return [
    ...(gain ? [gain, ""] : []),
    ...(timing === "idle-first" ? AS_DEFAULTS : asParameters(configuration)),
  ].join("\n");
}

const AS_DEFAULTS = [
  "These are the defaults: --enable_batching without --batching_parameters_file.",
  "",
  "In TypeScript:",
  "",
  "batching()",
];

function asParameters(configuration: TuneConfiguration): readonly string[] {
  const { maxBatchSize, batchTimeoutMs, slots } = configuration;
  return [
    "As TF Serving's batching parameters:",
    "",
    formatBatchingParameters(configuration),
    "In TypeScript:",
    "",
    `batching({ maxBatchSize: ${maxBatchSize}, batchTimeoutMs: ${batchTimeoutMs}, slots: ${slots}, timing: "batch-timeout" })`,
  ];
}
