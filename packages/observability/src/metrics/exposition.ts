import type { LabelValues, MetricValues } from "./metric-values.js";

/** The Content-Type of `expose`. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes metrics in Prometheus' text format, version 0.0.4. */
export function expose(metrics: readonly MetricValues[]): string {
  return `${metrics.map(exposeMetric).join("\n\n")}\n`;
}

function exposeMetric({ name, help, type, samples }: MetricValues): string {
  const lines = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
  for (const { suffix, labels, value } of samples) {
    lines.push(`${name}${suffix}${exposeLabels(labels)} ${exposeValue(value)}`);
  }
  return lines.join("\n");
}

function exposeLabels(labels: LabelValues): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

function exposeValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}
