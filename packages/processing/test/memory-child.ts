// Reads each of the files many times at once, and prints by how many bytes that raised the peak of the process's memory.
import { readFileSync } from "node:fs";
import { image } from "../src/index.js";

const read = image({ size: 8, maxPixels: 4_000_000 });
const [small = "", ...files] = process.argv.slice(2);
for (let i = 0; i < 20; i++) await read(readFileSync(small));
const peak = () => process.resourceUsage().maxRSS * 1024;
const before = peak();
const reasons: string[] = [];
for (const file of files) {
  const bytes = readFileSync(file);
  const outcomes = await Promise.allSettled(Array.from({ length: 24 }, () => read(bytes)));
  const rejected = outcomes.find(({ status }) => status === "rejected");
  reasons.push((rejected as PromiseRejectedResult | undefined)?.reason.reason ?? "");
}
process.stdout.write(JSON.stringify({ grown: peak() - before, reasons }));
