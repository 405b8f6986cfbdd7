import { mkdirSync, mkdtempSync, readdir, rmSync, stat, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type FileSystem, filesystemSource } from "@serving-kit/source-filesystem";
import type { Benchmark, Figure } from "../figure.js";

const SERVABLES = 2_000;
const VERSIONS = 5;
const POLL_INTERVAL_MS = 1_000;
const ROUNDS = 3;
/** Duration of a round, and poll interval of watched base paths. */
const ROUND_MS = 20_000;

function makeTree(): string[] {
  const root = mkdtempSync(join(tmpdir(), "filesystem-poll-"));
  return Array.from({ length: SERVABLES }, (_, servable) => {
    for (let version = 1; version <= VERSIONS; version++) {
      const directory = join(root, `m${servable}`, String(version));
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "model.tflite"), "model");
    }
    return join(root, `m${servable}`);
  });
}

/** Per cent of one core that the whole process, all its threads, uses during a round. */
async function cpuPercent(): Promise<number> {
  const before = process.cpuUsage();
  const beganMs = performance.now();
  await sleep(ROUND_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - beganMs);
}

/** Node's own cost of listing the directories once a second, 16 at a time. */
async function listBarely(basePaths: readonly string[]): Promise<number> {
  const list = async (from: number) => {
    for (let i = from; i < basePaths.length; i += 16) {
      await new Promise((resolve) => readdir(basePaths[i] as string, resolve));
    }
  };
  const timer = setInterval(() => {
    for (let from = 0; from < 16; from++) void list(from);
  }, POLL_INTERVAL_MS);
  await sleep(POLL_INTERVAL_MS);
  const percent = await cpuPercent();
  clearInterval(timer);
  return percent;
}

interface Round {
  readonly percent: number;
  readonly listings: number;
  readonly foundMs: number;
  readonly newVersionMs: number;
  readonly delayMs: number;
}

/** Node's file system, which counts listings. */
const countedFileSystem = (watch: boolean, onListing: () => void): FileSystem => ({
  stat: (path) =>
    new Promise((resolve, reject) => stat(path, (e, stats) => (e ? reject(e) : resolve(stats)))),
  list: (path) => {
    onListing();
    return new Promise((resolve, reject) =>
      readdir(path, (e, names) => (e ? reject(e) : resolve(names))),
    );
  },
  reportsChanges: () => watch,
});

/** The delay of the event loop during two polls, p99 in ms. */
async function delayMs(): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(2 * POLL_INTERVAL_MS);
  delay.disable();
  return delay.percentile(99) / 1e6;
}

/** Writes version 6 of a servable. Returns its folder. */
function writeNewVersion(basePath: string): string {
  const directory = join(basePath, "6");
  mkdirSync(directory);
  writeFileSync(join(directory, "model.tflite"), "model");
  utimesSync(directory, 0, 0);
  return directory;
}

async function observe(basePaths: readonly string[], watch: boolean): Promise<Round> {
  let listings = 0;
  const fileSystem = countedFileSystem(watch, () => listings++);
  const source = filesystemSource({
    servables: basePaths.map((basePath, i) => ({ name: `m${i}`, basePath })),
    ...(watch ? {} : { pollIntervalMs: POLL_INTERVAL_MS }),
    watch,
    fileSystem,
    // The files were made just now: as if they had been there for an hour.
    wallTimeMs: () => Date.now() + 3_600_000,
  });
  const beganMs = performance.now();
  let found = 0;
  let onNewVersion = () => {};
  const subscription = source.subscribe(({ versions }) => {
    found++;
    if (versions.some(({ id }) => id.version === 6n)) onNewVersion();
  });
  while (found < SERVABLES) await sleep(5);
  const foundMs = performance.now() - beganMs;
  await sleep(3 * POLL_INTERVAL_MS);

  listings = 0;
  const percent = await cpuPercent();
  const listingsOfRound = listings;

  // Apart from the CPU, since the monitor itself wakes a thousand times a second.
  const delay = await delayMs();
  const newVersion = new Promise<void>((resolve) => {
    onNewVersion = resolve;
  });
  const wroteMs = performance.now();
  const directory = writeNewVersion(basePaths[1_000] as string);
  await newVersion;
  const newVersionMs = performance.now() - wroteMs;
  subscription.unsubscribe();
  rmSync(directory, { recursive: true });
  return {
    percent,
    listings: listingsOfRound / SERVABLES / (ROUND_MS / POLL_INTERVAL_MS),
    foundMs,
    newVersionMs,
    delayMs: delay,
  };
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function figuresOf(
  label: string,
  rounds: readonly Round[],
  baseline: number,
  atMost: number,
): Figure[] {
  const of = (key: keyof Round) => median(rounds.map((round) => round[key]));
  const percent = of("percent");
  const spread = median(rounds.map((round) => Math.abs(round.percent - percent)));
  return [
    {
      name: `${label} 2,000 x 5 versions`,
      value: percent,
      unit: "% of a core",
      goal: { atMost },
      baseline,
      spread: (100 * spread) / percent,
    },
    {
      name: `${label}: listings a servable and poll`,
      value: of("listings"),
      unit: "listings",
      goal: { atMost: 1 },
    },
    { name: `${label}: event loop delay p99`, value: of("delayMs"), unit: "ms" },
    { name: `${label}: all versions found at start`, value: of("foundMs"), unit: "ms" },
    { name: `${label}: a new version found`, value: of("newVersionMs"), unit: "ms" },
  ];
}

const benchmark: Benchmark = {
  name: "polling and watching 2,000 servables",
  async run() {
    const basePaths = makeTree();
    const bare: number[] = [];
    const polling: Round[] = [];
    const watching: Round[] = [];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        bare.push(await listBarely(basePaths));
        polling.push(await observe(basePaths, false));
        watching.push(await observe(basePaths, true));
      }
    } finally {
      rmSync(join(basePaths[0] as string, ".."), { recursive: true, force: true });
    }
    return [
      ...figuresOf("polling", polling, median(bare), 5),
      ...figuresOf("watching", watching, median(bare), 1),
    ];
  },
};

export default benchmark;
