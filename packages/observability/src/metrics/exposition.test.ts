import fc from "fast-check";
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from "prom-client";
import { expect, it } from "vitest";
import { expose } from "./exposition.js";
import { type MetricValues, mergeMetrics } from "./metric-values.js";
import { SeriesCounter } from "./series-counter.js";
import { SeriesHistogram } from "./series-histogram.js";

const BOUNDS = [1, 2.5, 10];
const HELP = 'Help with a \\ and\na "line".';

/** The same observations in our metrics and in those of prom-client, the usual library. */
class Both {
  readonly registry = new Registry();
  readonly #registers = [this.registry];
  readonly #ours = {
    counter: new SeriesCounter("c_total", HELP),
    histogram: new SeriesHistogram("h", HELP, BOUNDS),
    gauges: new Map<string, number>(),
  };
  readonly #theirs = {
    counter: new Counter({ ...this.#of("c_total"), labelNames: ["model"] }),
    histogram: new Histogram({ ...this.#of("h"), labelNames: ["model"], buckets: BOUNDS }),
    gauge: new Gauge({ ...this.#of("g"), labelNames: ["model"], aggregator: "max" }),
  };

  observe(model: string, value: number): void {
    this.#ours.counter.series({ model }).value += value;
    this.#ours.histogram.series({ model }).observe(value);
    this.#ours.gauges.set(model, value);
    this.#theirs.counter.inc({ model }, value);
    this.#theirs.histogram.observe({ model }, value);
    this.#theirs.gauge.set({ model }, value);
  }

  get values(): MetricValues[] {
    const { counter, histogram, gauges } = this.#ours;
    const samples = [...gauges].map(
      ([model, value]) => ({ suffix: "", labels: { model }, value }) as const,
    );
    const gauge = { name: "g", help: HELP, type: "gauge", merge: "max", samples } as const;
    return [counter.values(), histogram.values(), gauge];
  }

  #of(name: string) {
    return { name, help: HELP, registers: this.#registers };
  }
}

const observed = fc.array(
  fc.record({
    model: fc.constantFrom("a", 'b"\n\\'),
    value: fc.oneof(fc.constantFrom(...BOUNDS), fc.double({ min: 0, max: 1e30, noNaN: true })),
  }),
);

it("writes what prom-client writes of the same values, of one event loop and of two", async () => {
  const property = fc.asyncProperty(observed, observed, async (...observations) => {
    const [one, two] = [new Both(), new Both()];
    for (const { model, value } of observations[0]) one.observe(model, value);
    for (const { model, value } of observations[1]) two.observe(model, value);
    expect(expose(one.values)).toBe(await one.registry.metrics());
    const theirs = [await one.registry.getMetricsAsJSON(), await two.registry.getMetricsAsJSON()];
    const merged = expose(mergeMetrics([...one.values, ...two.values]));
    expect(merged).toBe(await AggregatorRegistry.aggregate(theirs).metrics());
  });
  await fc.assert(property, { numRuns: 50 });
});

it("writes infinities and numbers that are none as Prometheus reads them", () => {
  const samples = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map(
    (value) => ({ suffix: "", labels: {}, value }) as const,
  );
  const text = expose([{ name: "g", help: "h", type: "gauge", merge: "max", samples }]);
  expect(text).toBe("# HELP g h\n# TYPE g gauge\ng +Inf\ng -Inf\ng NaN\n");
});
