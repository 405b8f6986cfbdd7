import { COLD_START_PACKAGES, startOnce } from "../cold-start.js";
import type { Benchmark } from "../figure.js";
import { median, spreadOf } from "../measure.js";

const PROCESSES = 11;

const benchmark: Benchmark = {
  name: `cold start: import to the first answer, ${PROCESSES} processes`,
  dist: COLD_START_PACKAGES,
  async run() {
    await startOnce(); // fills the caches of the file system
    const starts = [];
    for (let i = 0; i < PROCESSES; i++) starts.push(await startOnce());
    const figure = (name: string, times: readonly number[]) => ({
      name: `cold start: ${name}`,
      value: median(times),
      unit: "ms",
      spread: spreadOf(times),
    });
    return [
      {
        ...figure(
          "import to first TFLite answer",
          starts.map(({ total }) => total),
        ),
        goal: { atMost: 300 },
      },
      figure(
        "imports alone",
        starts.map(({ imports }) => imports),
      ),
      figure(
        "start of the process to first answer",
        starts.map((start) => start.process),
      ),
    ];
  },
};
export default benchmark;
