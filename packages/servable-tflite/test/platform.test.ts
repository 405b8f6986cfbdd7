import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platformConformance } from "@serving-kit/testing";
import { afterAll, describe, it } from "vitest";
import { tflite } from "../src/index.js";
import { digits, images, samples } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-tflite-platform-"));
afterAll(() => rmSync(folder, { recursive: true }));
const foreign = join(folder, "notes.txt");
writeFileSync(foreign, "notes");
const half = join(folder, "half.tflite");
await copyFile(join(digits("1"), "model.tflite"), half);
truncateSync(half, 1_000);

platformConformance(
  { describe, it },
  {
    name: "tflite",
    create: () => tflite(),
    path: join(digits("1"), "model.tflite"),
    call: { inputs: images(samples[0]?.image ?? []) },
    incomplete: [half],
    foreign,
    timeoutMs: 20_000,
  },
);
