import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { filesystemSource } from "@serving-kit/source-filesystem";
import type { Benchmark, Figure } from "../figure.js";

const SERVABLES = 2_000;
const VERSIONS = 5;
const POLL_INTERVAL_MS = 1_000;
const MEASURED_MS = 10_000;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function makeTree(): string {
  const root = mkdtempSync(join(tmpdir(), "filesystem-poll-"));
  for (let servable = 0; servable < SERVABLES; servable++) {
    for (let version = 1; version <= VERSIONS; version++) {
      const directory = join(root, `m${servable}`, String(version));
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "model.tflite"), "model");
    }
  }
  return root;
}

/** Per cent of one core that the whole process, all threads, uses for a while. */
async function cpuPercent(ms: number): Promise<number> {
  const before = process.cpuUsage();
  const beganMs = performance.now();
  await sleep(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - beganMs);
}

/** What the kernel and Node alone ask for listing as many directories once a second. */
async function bareListings(root: string): Promise<number> {
  const { readdir } = await import("node:fs");
  let isRunning = true;
  const list = async (from: number) => {
    for (let servable = from; servable < SERVABLES; servable += 2) {
      await new Promise((resolve) => readdir(join(root, `m${servable}`), resolve));
    }
  };
  const timer = setInterval(() => void (isRunning && Promise.all([list(0), list(1)])), 1_000);
  await sleep(1_500);
  const percent = await cpuPercent(MEASURED_MS / 2);
  isRunning = false;
  clearInterval(timer);
  return percent;
}

async function observe(root: string, watch: boolean): Promise<Figure[]> {
  const label = watch ? "polling and watching" : "polling";
  let listings = 0;
  const { nodeFileSystem } = await import("../../packages/source-filesystem/src/file-system.js");
  const source = filesystemSource({
    servables: Array.from({ length: SERVABLES }, (_, servable) => ({
      name: `m${servable}`,
      basePath: join(root, `m${servable}`),
    })),
    pollIntervalMs: POLL_INTERVAL_MS,
    watch,
    // Made just now; as if they had been there for an hour.
    wallTimeMs: () => Date.now() + 3_600_000,
    fileSystem: {
      stat: nodeFileSystem.stat,
      list: (path) => {
        listings++;
        return nodeFileSystem.list(path);
      },
    },
  });
  const beganMs = performance.now();
  let found = 0;
  const subscription = source.subscribe(() => {
    found++;
  });
  while (found < SERVABLES) await sleep(5);
  const foundMs = performance.now() - beganMs;
  await sleep(3_000);

  listings = 0;
  const percent = await cpuPercent(MEASURED_MS);
  const polls = MEASURED_MS / POLL_INTERVAL_MS;
  const perPoll = listings / SERVABLES / polls;
  // Apart from the CPU, since the monitor itself wakes a thousand times a second.
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(3 * POLL_INTERVAL_MS);
  delay.disable();
  const figures: Figure[] = [
    {
      name: `${label}, CPU of 2,000 x 5`,
      value: percent,
      unit: "% of a core",
      goal: { atMost: 5 },
    },
    {
      name: `${label}, listings a servable and poll`,
      value: perPoll,
      unit: "listings",
      goal: { atMost: 1.1 },
    },
    { name: `${label}, event loop delay p99`, value: delay.percentile(99) / 1e6, unit: "ms" },
    { name: `${label}, all 2,000 found after`, value: foundMs, unit: "ms" },
  ];

  const appeared = new Promise<void>((resolve) => {
    source.subscribe(({ versions }) => {
      if (versions.some(({ id }) => id.version === 6n)) resolve();
    });
  });
  await sleep(100);
  const wroteMs = performance.now();
  const directory = join(root, "m1000", "6");
  mkdirSync(directory);
  writeFileSync(join(directory, "model.tflite"), "model");
  utimesSync(directory, 0, 0);
  await appeared;
  figures.push({
    name: `${label}, a new version found after`,
    value: performance.now() - wroteMs,
    unit: "ms",
  });
  subscription.unsubscribe();
  rmSync(directory, { recursive: true });
  return figures;
}

const benchmark: Benchmark = {
  name: "polling 2,000 servables of 5 versions",
  async run() {
    const root = makeTree();
    try {
      const baseline = await bareListings(root);
      const polling = await observe(root, false);
      const watching = await observe(root, true);
      return [...polling, ...watching].map((figure) =>
        figure.name.includes("CPU") ? { ...figure, baseline } : figure,
      );
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

export default benchmark;
