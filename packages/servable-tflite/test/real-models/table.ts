import type { Outcome, Result } from "./outcome.js";

const VERDICTS: readonly Outcome["verdict"][] = [
  "right",
  "refused",
  "failed",
  "wrong",
  "crashed",
  "hung",
];

/** Counts by group, the runtime, and a line for each file that is not right. */
export function formatTable(results: readonly Result[], runtime: string): string {
  const comparable = results.filter(({ isComparable }) => isComparable);
  const groups = [...new Set(comparable.map(({ group }) => group))].sort();
  const rows = groups.map((name) =>
    row(
      name,
      comparable.filter(({ group }) => group === name),
    ),
  );
  const lines = [
    `${runtime}: ${comparable.length} files that Python's LiteRT answers, of ${results.length}`,
    "",
    ["source", "files", ...VERDICTS].join(" | "),
    ...[...rows, row("all", comparable)].map((cells) => cells.join(" | ")),
    "",
    ...results.filter(({ verdict }) => verdict !== "right").map(line),
  ];
  return `${lines.join("\n")}\n`;
}

function row(group: string, results: readonly Result[]): (string | number)[] {
  const count = (verdict: string) => results.filter((result) => result.verdict === verdict).length;
  return [group, results.length, ...VERDICTS.map(count)];
}

function line({ name, verdict, isComparable, failures: [first] }: Result): string {
  const detail = first === undefined ? "" : `${first.at}: ${first.reason ?? ""} ${first.message}`;
  return `${name}: ${verdict}${isComparable ? "" : " (Python has no answer)"}; ${detail.slice(0, 300)}`;
}
