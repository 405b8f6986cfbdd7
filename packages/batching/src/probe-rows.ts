import { type Clock, messageOf, systemClock } from "@serving-kit/core";
import type { Predictor, RowVerdict, Signature, Tensors } from "@serving-kit/inference";
import { areNear, areSame, type OutputRow, scalesOf, shapeProblem } from "./compare-rows.js";
import {
  drawRow,
  poisonedRow,
  type RowForm,
  type RowKind,
  randomNumbers,
  rowBytes,
  stackRows,
} from "./random-rows.js";

/** The limits of a probe. */
export interface ProbeOptions {
  /** Aborts the probe with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Maximum time in ms of the probe of a signature. Default 5,000. */
  readonly timeLimitMs?: number | undefined;
}

/** The outcome of a probe. */
export interface ProbeOutcome extends RowVerdict {
  /** Maximum rows of a call of the probe. */
  readonly rows: number;
}

const TIME_LIMIT_MS = 5_000;
/** The rows of the largest batch; more only if a row takes less than `QUICK_MS`. */
const FEW_ROWS = 8;
const MANY_ROWS = 32;
const QUICK_MS = 1;
/** Larger rows are not generated. */
const MAX_ROW_BYTES = 2 ** 24;
/** The values to try for extents that a signature leaves open. */
const EXTENTS = [8, 16, 32, 1, 3];

class Dependence extends Error {}
class TimeLimit extends Error {}

/**
 * Probes whether the rows of a signature are independent, with generated rows. A row must be the same in every bit next
 * to other rows, and the same up to rounding at another place and in another batch size; also next to rows of NaN and
 * of large numbers. Do not probe a model with state, because the probe changes it. The rows are the same each time.
 *
 * A probe can show dependence but cannot rule it out: a model may depend on values that are not drawn.
 */
export async function probeRows(
  predictor: Pick<Predictor, "predict" | "signatures">,
  name: string,
  options: ProbeOptions = {},
): Promise<ProbeOutcome> {
  const signature = predictor.signatures.get(name) as Signature;
  const probe = new RowProbe(predictor, name, signature, options);
  const outcome = (verdict: RowVerdict["verdict"], reason: string) => ({
    ...{ verdict, reason, rows: probe.rows },
  });
  try {
    const problem = await probe.run();
    if (problem !== undefined) return outcome("unknown", problem);
    return outcome(
      "independent",
      `a probe of ${probe.rows} rows found no influence of one row on another`,
    );
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof Dependence) return outcome("dependent", error.message);
    if (error instanceof TimeLimit) return outcome("unknown", error.message);
    return outcome("unknown", `the probe failed: ${messageOf(error)}`);
  }
}

class RowProbe {
  /** The rows of the largest batch. */
  rows = FEW_ROWS;
  readonly #predictor: Pick<Predictor, "predict">;
  readonly #name: string;
  readonly #signature: Signature;
  readonly #signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #endAtMs: number;

  constructor(
    predictor: Pick<Predictor, "predict">,
    name: string,
    signature: Signature,
    { signal, clock = systemClock, timeLimitMs = TIME_LIMIT_MS }: ProbeOptions,
  ) {
    this.#predictor = predictor;
    this.#name = name;
    this.#signature = signature;
    this.#signal = signal;
    this.#clock = clock;
    this.#limitMs = timeLimitMs;
    this.#endAtMs = clock.now() + timeLimitMs;
  }

  /** Returns why the independence of rows is not known. @throws Dependence if rows are dependent. */
  async run(): Promise<string | undefined> {
    let hasDiffered = false;
    let problem: string | undefined;
    for (const [seed, kind] of (
      ["unit", "wide", "mixed", "integers", "large"] as const
    ).entries()) {
      const isSpare = kind === "integers" || kind === "large";
      if (isSpare && hasDiffered) break;
      const form = await this.#formOf(kind);
      if (typeof form === "string") problem ??= form;
      else hasDiffered = (await this.#tryKind(form, seed + 11, kind === "unit")) || hasDiffered;
    }
    if (hasDiffered) return undefined;
    return problem ?? "answers to generated rows do not differ";
  }

  /**
   * Finds how to draw rows, of the wanted kind or else another, that the model accepts; returns the reason if it finds
   * none.
   */
  async #formOf(wanted: RowKind): Promise<RowForm | string> {
    let problem = "its rows are too large to generate";
    const isOpen = [...this.#signature.inputs.values()].some(
      ({ shape }) => shape === null || shape.indexOf(-1, 1) !== -1,
    );
    for (const extent of isOpen ? EXTENTS : EXTENTS.slice(0, 1)) {
      if (rowBytes(this.#signature, extent) > MAX_ROW_BYTES) continue;
      for (const kind of new Set<RowKind>([wanted, "integers", "unit"])) {
        const rows = [3, 4].map((seed) => this.#draw({ kind, extent }, randomNumbers(seed)));
        try {
          await this.#call(rows);
          await this.#plan(rows);
          return { kind, extent };
        } catch (error) {
          if (error instanceof TimeLimit || error instanceof Dependence) throw error;
          this.#signal?.throwIfAborted();
          problem = `it rejects generated rows: ${messageOf(error)}`;
        }
      }
    }
    return problem;
  }

  /**
   * Chooses the batch size by the fastest of several calls, because other work on the machine slows down some of them.
   */
  async #plan(rows: readonly Tensors[]): Promise<void> {
    for (let tries = 0; tries < 3 && this.rows < MANY_ROWS; tries++) {
      const startedAtMs = this.#clock.now();
      await this.#call(rows);
      const rowMs = (this.#clock.now() - startedAtMs) / rows.length;
      if (rowMs < QUICK_MS) this.rows = MANY_ROWS;
    }
  }

  /** Returns whether the answers to two rows differ. @throws Dependence */
  async #tryKind(form: RowForm, seed: number, poisons: boolean): Promise<boolean> {
    const random = randomNumbers(seed);
    const next = () => this.#draw(form, random);
    const differs = await this.#tryPairs(next(), next());
    const rows = Array.from({ length: this.rows }, next);
    const scales = await this.#tryNeighbours(rows, next, random);
    await this.#tryPlaces(rows, scales);
    if (poisons) await this.#tryPoison(rows);
    return differs;
  }

  async #tryPairs(a: Tensors, b: Tensors): Promise<boolean> {
    const [one, oneB] = [await this.#call([a]), await this.#call([b])];
    const [aa, again] = [await this.#call([a, a]), await this.#call([a, a])];
    const [ab, ba, bb] = [
      await this.#call([a, b]),
      await this.#call([b, a]),
      await this.#call([b, b]),
    ];
    const at = (outputs: Tensors, row: number): OutputRow => ({ outputs, row });
    const near = this.#nearBy([one, oneB]);
    expectAll("the same call is answered differently", [
      areSame(at(aa, 0), at(again, 0)),
      areSame(at(aa, 1), at(again, 1)),
    ]);
    expectAll("the other of two rows changes a row", [
      areSame(at(aa, 0), at(ab, 0)),
      areSame(at(ab, 1), at(bb, 1)),
      areSame(at(bb, 0), at(ba, 0)),
      areSame(at(aa, 1), at(ba, 1)),
    ]);
    expectAll("a row alone differs from the row next to another", [
      near(at(one, 0), at(aa, 0)),
      near(at(one, 0), at(aa, 1)),
      near(at(oneB, 0), at(bb, 0)),
      near(at(oneB, 0), at(bb, 1)),
    ]);
    return !areSame(at(aa, 0), at(bb, 0));
  }

  /** Replaces every second row, then the others. */
  async #tryNeighbours(
    rows: readonly Tensors[],
    next: () => Tensors,
    random: () => number,
  ): Promise<Tensors> {
    const outputs = await this.#call(rows);
    const other = (i: number) =>
      withNeighbour(next(), rows[(i + 1) % rows.length] as Tensors, random);
    for (const kept of [0, 1]) {
      const changed = rows.map((row, i) => (i % 2 === kept ? row : other(i)));
      const next = await this.#call(changed);
      const isKept = rows.map(
        (_, row) => row % 2 !== kept || areSame({ outputs, row }, { outputs: next, row }),
      );
      expectAll(`other rows of ${rows.length} change a row`, isKept);
    }
    return outputs;
  }

  /** Moves each row to another place, and runs some rows alone. */
  async #tryPlaces(rows: readonly Tensors[], outputs: Tensors): Promise<void> {
    const count = rows.length;
    const alone = new Map<number, Tensors>();
    for (const row of [0, count >> 1, count - 1]) {
      alone.set(row, await this.#call([rows[row] as Tensors]));
    }
    const near = this.#nearBy([...alone.values()]);
    const moved = await this.#call([rows[count - 1] as Tensors, ...rows.slice(0, -1)]);
    expectAll(
      `its place of ${count} changes a row`,
      rows.map((_, row) => near({ outputs, row }, { outputs: moved, row: (row + 1) % count })),
    );
    for (const [row, one] of alone) {
      expectAll(`a row alone differs from the row of ${count}`, [
        near({ outputs: one, row: 0 }, { outputs, row }),
      ]);
    }
  }

  /** Puts a row of NaN, and a row of large numbers, next to others. */
  async #tryPoison(rows: readonly Tensors[]): Promise<void> {
    const outputs = await this.#call(rows);
    for (const value of [Number.NaN, 1e30]) {
      const poisoned = rows.map((row, i) => (i === 2 ? poisonedRow(row, value) : row));
      const next = await this.#call(poisoned);
      const isKept = rows.map(
        (_, row) => row === 2 || areSame({ outputs, row }, { outputs: next, row }),
      );
      expectAll(`a row of ${value} changes the others`, isKept);
    }
  }

  #nearBy(calls: readonly Tensors[]): (a: OutputRow, b: OutputRow) => boolean {
    const scales = scalesOf(calls);
    return (a, b) => areNear(this.#signature, scales, a, b);
  }

  #draw(form: RowForm, random: () => number): Tensors {
    const row = drawRow(this.#signature, form, random);
    if (row === undefined) throw new Error("inputs of its dtypes are not generated");
    return row;
  }

  async #call(rows: readonly Tensors[]): Promise<Tensors> {
    this.#signal?.throwIfAborted();
    const outputs = await this.#predict(rows);
    const problem = shapeProblem(outputs, rows.length);
    if (problem !== undefined) throw new Dependence(problem);
    return outputs;
  }

  /** @throws TimeLimit if the probe's time is over before or during the call. */
  async #predict(rows: readonly Tensors[]): Promise<Tensors> {
    const isOver = () => this.#clock.now() >= this.#endAtMs;
    const timeLimit = () => new TimeLimit(`the probe takes longer than ${this.#limitMs} ms`);
    if (isOver()) throw timeLimit();
    try {
      return await this.#predictor.predict(stackRows(rows), {
        signature: this.#name,
        deadlineAtMs: this.#endAtMs,
        ...(this.#signal && { signal: this.#signal }),
      });
    } catch (error) {
      throw isOver() ? timeLimit() : error;
    }
  }
}

function expectAll(reason: string, are: readonly boolean[]): void {
  if (are.includes(false)) throw new Dependence(reason);
}

/** Replaces some of a row's inputs by a neighbour's: rows may influence each other through values that they share. */
function withNeighbour(row: Tensors, neighbour: Tensors, random: () => number): Tensors {
  const names = Object.keys(row);
  if (names.length < 2) return row;
  const shared = names.filter((_, i) => random() < (i === 0 ? 0.3 : 0.5));
  return {
    ...row,
    ...Object.fromEntries(shared.map((name) => [name, neighbour[name]])),
  } as Tensors;
}
