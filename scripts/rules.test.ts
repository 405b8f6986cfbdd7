import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mayImport } from "./may-import.js";
import { externalDependencies, manifests, sourceFiles, workspaceDependencies } from "./sources.js";
import { publishedPackages, root } from "./workspace.mjs";

const read = (path: string) => readFileSync(join(root, path), "utf8");

const allowedImports = mayImport();

describe("packages", () => {
  it.each(publishedPackages().map(({ folder, manifest }) => [manifest.name, folder, manifest]))(
    "%s needs only what ARCHITECTURE.md's table allows, and its folder is its name",
    (name, folder, manifest) => {
      const short = name.replace("@serving-kit/", "");
      expect(folder).toBe(`packages/${short}`);
      expect(allowedImports.get(short), "a row of the table").toBeDefined();
      expect(allowedImports.get(short)).toEqual(
        expect.arrayContaining(workspaceDependencies(manifest)),
      );
    },
  );
});

describe("sources", () => {
  /** Calls of a timer or the time of day that are not methods of a Clock. */
  const TIME =
    /(?<![\w.])(?:globalThis\.)?(?:setTimeout|setInterval|setImmediate)\(|(?:Date|performance)\.now\(/;
  const EXEMPT = /^packages\/(core\/src\/clock|testing\/src\/|serving-kit\/src\/)/;

  it("read time and set timers through the Clock, or say in a comment why not", () => {
    const found = sourceFiles()
      .filter(({ path }) => !EXEMPT.test(path))
      .flatMap(({ path, text }) => {
        const lines = text.split("\n");
        return lines.flatMap((line, i) => {
          const isCode = TIME.test(line) && !/^\s*(\*|\/\/)/.test(line);
          const isDeclaration = /^\s*(setTimeout|setImmediate)\(.*(: Disposable|\{)/.test(line);
          // The default of a function that is passed in.
          const isDefault = /\?\? \(?\(\) =>/.test(line);
          const isExplained = lines
            .slice(Math.max(0, i - 3), i + 1)
            .some((l) => /\/\/.*clock/i.test(l));
          return isCode && !isDeclaration && !isDefault && !isExplained
            ? [`${path}:${i + 1}: ${line.trim()}`]
            : [];
        });
      });
    expect(found).toEqual([]);
  });
});

describe("rxjs", () => {
  it("is imported by file, but for types: all of it is 223 modules, half of the time that a process needs to start", () => {
    const found = sourceFiles()
      .filter(({ path }) => !path.startsWith("packages/testing/"))
      .filter(({ text }) => /^(import|export) (?!type )[^;]* from "rxjs"/m.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });
});

describe("the system's clock", () => {
  it("is imported only to be the default of an option", () => {
    const found = sourceFiles()
      .filter(({ path }) => !/^packages\/(core\/src\/clock|testing\/)/.test(path))
      .flatMap(({ path, text }) =>
        text.split("\n").flatMap((line, i) => {
          if (
            !/\bsystemClock\b/.test(line) ||
            /^\s*(\*|\/\/|\/\*\*|import\b|export\b|type\b)/.test(line)
          )
            return [];
          const isListed = /^\s*systemClock,$/.test(line);
          const isDefault = /(=|\?\?|:) systemClock\b/.test(line);
          return isListed || isDefault ? [] : [`${path}:${i + 1}: ${line.trim()}`];
        }),
      );
    expect(found).toEqual([]);
  });
});

describe("docs/decisions/dependencies.md", () => {
  it("has one line for every dependency of every package.json, with who uses it", () => {
    const used = new Map<string, string[]>();
    for (const manifest of manifests()) {
      const user = manifest.name
        .replace("@serving-kit/", "")
        .replace("serving-kit-workspace", "workspace");
      for (const name of externalDependencies(manifest)) {
        used.set(name, [...(used.get(name) ?? []), user].sort());
      }
    }
    const rows = read("docs/decisions/dependencies.md").matchAll(
      /^\| `([^`]+)` \| ([^|]+) \| ([^|]{20,}) \|$/gm,
    );
    const documented = [...rows].map(([, name = "", users = ""]) => [
      name,
      users.trim().split(/, /).sort(),
    ]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(used));
    expect(documented).toHaveLength(used.size);
  });
});

describe("docs/errors.md", () => {
  const canonical = /^\s+([A-Z_]{2,}): \d+,$/gm;
  const codes = new Set(
    [...read("packages/core/src/codes.ts").matchAll(canonical)].map(([, code]) => code),
  );

  /** Reasons with their codes as the sources say; no codes where a helper or TensorFlow chooses. */
  function reasonsInSources(): ReadonlyMap<string, readonly string[]> {
    const reasons = new Map<string, string[]>();
    const add = (reason: string, code?: string) =>
      reasons.set(reason, [...(reasons.get(reason) ?? []), ...(code ? [code] : [])]);
    for (const { path, text } of sourceFiles()) {
      if (path.startsWith("packages/testing/")) continue; // its errors are fakes
      for (const [, code, reason = ""] of text.matchAll(
        /ServingError\(\s*"([A-Z_]+)",\s*"([A-Z0-9_]+)"/g,
      )) {
        add(reason, code);
      }
      if (!path.endsWith("/errors.ts")) continue;
      for (const [, word = ""] of text.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)) {
        if (!codes.has(word)) add(word);
      }
    }
    return reasons;
  }

  it("has one heading for every reason, and its code", () => {
    const sections = read("docs/errors.md").matchAll(/^### ([A-Z0-9_]+)\n\n`([A-Z_]+)`\./gm);
    const documented = new Map([...sections].map(([, reason, code]) => [reason, code]));
    const reasons = reasonsInSources();
    expect(codes.size).toBe(16);
    expect([...documented.keys()].sort()).toEqual([...reasons.keys()].sort());
    for (const [reason, possible] of reasons) {
      const code = documented.get(reason);
      expect(possible.length === 0 ? codes : possible, reason).toContain(code);
    }
  });
});

describe("docs/operations.md and docs/security.md", () => {
  const operations = read("docs/operations.md");
  const costs = sectionOf(operations, "What clients can cost");
  const security = read("docs/security.md");

  it("have a row for each kind of refusal that is counted", () => {
    const [, list = ""] =
      /REFUSALS = \[([^\]]*)\]/.exec(read("packages/server/src/refusal.ts")) ?? [];
    const kinds = [...list.matchAll(/"(\w+)"/g)].map(([, kind]) => kind);
    const documented = [...costs.matchAll(/\| `(\w+)` \|$/gm)].map(([, kind]) => kind);
    expect([...new Set(documented)].sort()).toEqual(kinds.sort());
  });

  it("have each limit of the server, and name no option or flag that does not exist", () => {
    const limits = read("packages/server/src/limits/server-limits.ts");
    const [, options = ""] = /interface ServerLimits \{([\s\S]*?)\n\}/.exec(limits) ?? [];
    const names = [...options.matchAll(/readonly (\w+)\?:/g)].map(([, name]) => name);
    const documented = [...costs.matchAll(/`limits\.(\w+)`/g)].map(([, name]) => name);
    expect([...new Set(documented)].sort()).toEqual(names.sort());
    const flags = flagsInSources();
    const named = [...`${costs}${security}`.matchAll(/`--(\w+)/g)].map(([, flag]) => flag);
    expect(named.filter((flag) => !flags.has(flag))).toEqual([]);
    // What a server does by default is what its flags are for: each that a table of costs names is in it.
    const own = read("packages/serving-kit/src/server-flags/listening-flags.ts");
    for (const flag of own.matchAll(/^ {2}(max_\w+|\w+_timeout_in_ms|allowed_hosts): /gm)) {
      expect(costs, flag[1]).toContain(`--${flag[1]}`);
    }
  });

  /** The text from a heading to the next of the same level. */
  function sectionOf(text: string, heading: string): string {
    const [, section = ""] = text.split(`\n## ${heading}\n`);
    return section.split("\n## ")[0] ?? "";
  }

  function flagsInSources() {
    const texts = sourceFiles()
      .filter(({ path }) => !/\.test\.|^packages\/testing/.test(path))
      .map(({ text }) => text);
    const flag = /^ {2,4}(\w+): (?:\{|text|path|paths|port|word|words|integer|decimal|toggle)/gm;
    return new Set(texts.flatMap((text) => [...text.matchAll(flag)].map(([, name]) => name)));
  }
});

describe("what people read", () => {
  /** Every file of the repository; none in a copy without its history. */
  const files = existsSync(join(root, ".git"))
    ? execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trim().split("\n")
    : [];

  it("never tells readers to fetch a package by the kit's name, which is not in any registry", () => {
    const texts = files.filter(
      (path) => /\.(md|m?js|ts|ya?ml)$/.test(path) && existsSync(join(root, path)),
    );
    const found = texts.filter((path) => /\bnpx (--\S+ )*serving-kit\b/.test(read(path)));
    expect(found).toEqual([]);
  });
});
