import { existsSync } from "node:fs";
import { isVersionWithin } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import type { TfliteOptions } from "../src/index.js";
import { openTflite } from "../src/native/library.js";
import { readAnswerFile } from "./real-models/answers.js";
import { outcomeOf } from "./real-models/outcome-of.js";
import { realModel } from "./support.js";

// The part of `npm run test:real-models` that needs neither Python nor a download: small files of its list.
const recorded = readAnswerFile(new URL("./real-models/small/answers.json", import.meta.url));
const { library } = await openTflite();
const isCurrent = isVersionWithin(library.version, { atLeast: "2.21" });

function pathOf(name: string): string {
  const small = realModel(`small/${name}`);
  return existsSync(small) ? small : realModel(`files/${name}`);
}

/** The files whose outcome is another than `right`. */
async function exceptions(options: TfliteOptions): Promise<string[]> {
  const found: string[] = [];
  for (const [name, model] of recorded) {
    const { verdict, failures } = await outcomeOf(pathOf(name), model, options);
    if (verdict === "right" || (verdict === "refused" && !isCurrent)) continue;
    found.push(`${name}: ${verdict}, ${failures[0]?.message}`);
  }
  return found;
}

describe("small files of packages and of the converter", () => {
  it.each([{}, { useXnnpack: false }, { execution: "thread" }] as TfliteOptions[])(
    "get Python's answers at every shape, twice, with %j; an old runtime may refuse them",
    async (options) => {
      expect(await exceptions(options)).toEqual([]);
    },
  );
});
