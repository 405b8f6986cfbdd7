import fc from "fast-check";
import { expect, it } from "vitest";
import { conclude } from "./conclude.js";
import { einsum, matMul } from "./contract.js";
import { elementwise } from "./elementwise.js";
import { type Extent, literal, NUMBER_OF_ROWS, product } from "./extent.js";
import { gather, slice } from "./pick.js";
import { concat, expand, reshape, squeeze, tile, transpose } from "./rearrange.js";
import { along, reduce } from "./reduce.js";
import { fixed, type RowValue, rows } from "./row-value.js";

/** A tensor of numbers. */
interface Dense {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const count = (shape: readonly number[]) => shape.reduce((all, extent) => all * extent, 1);

/** A tensor whose elements are computed from their indices. */
function dense(shape: readonly number[], at: (index: readonly number[]) => number): Dense {
  const data = Array.from({ length: count(shape) }, (_, flat) => {
    const index: number[] = [];
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      index.unshift(rest % (shape[axis] as number));
      rest = Math.floor(rest / (shape[axis] as number));
    }
    return at(index);
  });
  return { shape, data };
}

function read({ shape, data }: Dense, index: readonly number[]): number {
  let flat = 0;
  for (const [axis, extent] of shape.entries()) flat = flat * extent + (index[axis] as number);
  const value = data[flat];
  if (value === undefined) throw new RangeError("outside of a tensor");
  return value;
}

function add(a: Dense, b: Dense): Dense {
  const rank = Math.max(a.shape.length, b.shape.length);
  const padded = ({ shape }: Dense) => [...Array(rank - shape.length).fill(1), ...shape];
  const [left, right] = [padded(a), padded(b)];
  const shape = left.map((extent, i) => {
    if (extent !== right[i] && extent !== 1 && right[i] !== 1) throw new RangeError("no broadcast");
    return Math.max(extent, right[i]);
  });
  const of = (one: Dense, index: readonly number[]) =>
    read(
      one,
      index.slice(rank - one.shape.length).map((i, axis) => (one.shape[axis] === 1 ? 0 : i)),
    );
  return dense(shape, (index) => of(a, index) + 2 * of(b, index));
}

const without = <T>(list: readonly T[], axis: number) => list.filter((_, i) => i !== axis);
const at = <T>(list: readonly T[], axis: number, one: T) => list.toSpliced(axis, 0, one);
const range = (length: number) => Array.from({ length }, (_, i) => i);
const checkAxis = ({ shape }: Dense, axis: number) => {
  if (axis >= shape.length) throw new RangeError("no such axis");
};

/** An operation: its computation, and the analysis of its rows. */
interface Step {
  readonly run: (values: readonly Dense[]) => Dense;
  readonly analyze: (values: readonly RowValue[]) => RowValue;
}

const unary = (
  place: number,
  run: (value: Dense) => Dense,
  analyze: (value: RowValue) => RowValue,
): Step => ({
  run: (values) => run(values[place % values.length] as Dense),
  analyze: (values) => analyze(values[place % values.length] as RowValue),
});

function sum(value: Dense, axis: number, keeps: boolean): Dense {
  checkAxis(value, axis);
  const total = (index: readonly number[]) =>
    range(value.shape[axis] as number).reduce((all, i) => all + read(value, at(index, axis, i)), 0);
  const reduced = dense(without(value.shape, axis), total);
  return keeps ? { shape: at(reduced.shape, axis, 1), data: reduced.data } : reduced;
}

function runningSum(value: Dense, axis: number): Dense {
  checkAxis(value, axis);
  return dense(value.shape, (index) =>
    range((index[axis] as number) + 1).reduce(
      (all, i) => all + read(value, index.with(axis, i)),
      0,
    ),
  );
}

function multiply(a: Dense, b: Dense): Dense {
  const [x, y] = [a.shape, b.shape];
  if (x.length < 2 || y.length !== 2 || x.at(-1) !== y[0]) throw new RangeError("no product");
  return dense([...x.slice(0, -1), y[1] as number], (index) =>
    range(y[0] as number).reduce(
      (all, k) => all + read(a, [...index.slice(0, -1), k]) * read(b, [k, index.at(-1) as number]),
      0,
    ),
  );
}

function joined(a: Dense, b: Dense, axis: number): Dense {
  checkAxis(a, axis);
  if (String(without(a.shape, axis)) !== String(without(b.shape, axis)))
    throw new RangeError("no join");
  const first = a.shape[axis] as number;
  const shape = a.shape.with(axis, first + (b.shape[axis] as number));
  return dense(shape, (index) => {
    const i = index[axis] as number;
    return i < first ? read(a, index) : read(b, index.with(axis, i - first));
  });
}

/** Extents to reshape to: numbers, the number of rows times a number, or the rest. */
type Target = readonly (number | "rest" | { readonly rows: number })[];

function reshaped(value: Dense, to: Target, rowCount: number): Dense {
  const known = to.map((one) =>
    one === "rest" ? 1 : typeof one === "number" ? one : one.rows * rowCount,
  );
  const rest = count(value.shape) / count(known);
  if (to.filter((one) => one === "rest").length > 1 || !Number.isInteger(rest)) {
    throw new RangeError("no such shape");
  }
  const shape = known.map((extent, i) => (to[i] === "rest" ? rest : extent));
  if (count(shape) !== value.data.length) throw new RangeError("no such shape");
  return { shape, data: value.data };
}

const targetExtents = (to: Target): (Extent | undefined)[] =>
  to.map((one) =>
    one === "rest"
      ? undefined
      : typeof one === "number"
        ? literal(one)
        : product([literal(one.rows), NUMBER_OF_ROWS]),
  );

const small = fc.integer({ min: 1, max: 3 });
const axis = fc.nat(2);
const place = fc.nat(20);
const target: fc.Arbitrary<Target> = fc.array(
  fc.oneof(
    small,
    fc.constantFrom(4, 6, 12),
    fc.constant("rest" as const),
    fc.record({ rows: small }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** A random operation, which gets the number of rows when it runs. */
const step: fc.Arbitrary<(rowCount: () => number) => Step> = fc.oneof(
  fc.tuple(place, place).map(([a, b]) => () => ({
    run: (v: readonly Dense[]) => add(v[a % v.length] as Dense, v[b % v.length] as Dense),
    analyze: (v: readonly RowValue[]) =>
      elementwise([v[a % v.length] as RowValue, v[b % v.length] as RowValue]),
  })),
  fc.tuple(fc.array(small, { maxLength: 3 }), fc.integer()).map(([shape, seed]) => () => ({
    run: () => dense(shape, (index) => ((seed + 7 * count(index.map((i) => i + 2))) % 5) - 2),
    analyze: () => fixed(shape.map(literal)),
  })),
  fc.tuple(place, axis, fc.boolean()).map(
    ([a, one, keeps]) =>
      () =>
        unary(
          a,
          (v) => sum(v, one, keeps),
          (v) => reduce(v, [one], keeps),
        ),
  ),
  fc.tuple(place, axis).map(
    ([a, one]) =>
      () =>
        unary(
          a,
          (v) => runningSum(v, one),
          (v) => along(v, [one]),
        ),
  ),
  fc.tuple(place, fc.shuffledSubarray([0, 1, 2], { minLength: 1 })).map(
    ([a, order]) =>
      () =>
        unary(
          a,
          (v) => {
            if (order.length !== v.shape.length || Math.max(...order) >= order.length) {
              throw new RangeError("no order");
            }
            return dense(
              order.map((one) => v.shape[one] as number),
              (index) =>
                read(
                  v,
                  v.shape.map((_, i) => index[order.indexOf(i)] as number),
                ),
            );
          },
          (v) => transpose(v, order),
        ),
  ),
  fc.tuple(place, target).map(
    ([a, to]) =>
      (rowCount: () => number) =>
        unary(
          a,
          (v) => reshaped(v, to, rowCount()),
          (v) => reshape(v, targetExtents(to)),
        ),
  ),
  fc.tuple(place, place).map(([a, b]) => () => ({
    run: (v: readonly Dense[]) => multiply(v[a % v.length] as Dense, v[b % v.length] as Dense),
    analyze: (v: readonly RowValue[]) =>
      matMul(v[a % v.length] as RowValue, v[b % v.length] as RowValue),
  })),
  fc.tuple(place, place).map(([a, b]) => () => ({
    // Products of all pairs of rows.
    run: (v: readonly Dense[]) => {
      const [x, y] = [v[a % v.length] as Dense, v[b % v.length] as Dense];
      if (x.shape.length !== 2 || y.shape.length !== 2 || x.shape[1] !== y.shape[1])
        throw new RangeError("no pairs");
      return dense([x.shape[0] as number, y.shape[0] as number], ([i = 0, j = 0]) =>
        range(x.shape[1] as number).reduce((all, k) => all + read(x, [i, k]) * read(y, [j, k]), 0),
      );
    },
    analyze: (v: readonly RowValue[]) =>
      einsum("ik,jk->ij", [v[a % v.length] as RowValue, v[b % v.length] as RowValue]),
  })),
  fc.tuple(place, place, axis).map(([a, b, one]) => () => ({
    run: (v: readonly Dense[]) => joined(v[a % v.length] as Dense, v[b % v.length] as Dense, one),
    analyze: (v: readonly RowValue[]) =>
      concat([v[a % v.length] as RowValue, v[b % v.length] as RowValue], one),
  })),
  fc.tuple(place, axis).map(
    ([a, one]) =>
      () =>
        unary(
          a,
          (v) => {
            checkAxis(v, one);
            const shape = v.shape.with(one, (v.shape[one] as number) - 1);
            return dense(shape, (index) => read(v, index.with(one, (index[one] as number) + 1)));
          },
          (v) => slice(v, [...Array(one).fill("all"), "some"]),
        ),
  ),
  fc.tuple(place, axis).map(
    ([a, one]) =>
      () =>
        unary(
          a,
          (v) => {
            if (one > v.shape.length) throw new RangeError("no place");
            return { shape: at(v.shape, one, 1), data: v.data };
          },
          (v) => expand(v, one),
        ),
  ),
  fc.tuple(place, axis).map(
    ([a, one]) =>
      () =>
        unary(
          a,
          (v) => {
            if (v.shape[one] !== 1) throw new RangeError("not 1");
            return { shape: without(v.shape, one), data: v.data };
          },
          (v) => squeeze(v, [one]),
        ),
  ),
  fc.tuple(place, axis, small).map(
    ([a, one, times]) =>
      () =>
        unary(
          a,
          (v) => {
            checkAxis(v, one);
            const extent = v.shape[one] as number;
            return dense(v.shape.with(one, extent * times), (index) =>
              read(v, index.with(one, (index[one] as number) % extent)),
            );
          },
          (v) =>
            tile(
              v,
              "shape" in v ? v.shape?.map((_, i) => literal(i === one ? times : 1)) : undefined,
            ),
        ),
  ),
  fc.tuple(place, axis, fc.array(fc.nat(2), { minLength: 1, maxLength: 3 })).map(
    ([a, one, indices]) =>
      () =>
        unary(
          a,
          (v) => {
            checkAxis(v, one);
            if (indices.some((i) => i >= (v.shape[one] as number)))
              throw new RangeError("no index");
            return dense(v.shape.with(one, indices.length), (index) =>
              read(v, index.with(one, indices[index[one] as number] as number)),
            );
          },
          (v) => gather(v, fixed([literal(indices.length)], indices.map(literal)), one),
        ),
  ),
);

const INNER = [2, 3];
const ROWS = 4;

/** A run of a graph on some rows, with its values so far. */
interface Run {
  readonly rowCount: number;
  readonly values: Dense[];
}

/** Adds the results of a step to all runs; returns false if the step fails in one of them. */
function advance(runs: readonly Run[], make: (rowCount: () => number) => Step): boolean {
  try {
    const results = runs.map(({ rowCount, values }) => make(() => rowCount).run(values));
    if (results.some(({ data }) => data.length > 2_000)) return false;
    for (const [i, { values }] of runs.entries()) values.push(results[i] as Dense);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

it("an output of a random graph that is said to have independent rows has those of each row alone", () => {
  let independent = 0;
  const input = dense([ROWS, ...INNER], (index) => Math.sin(count(index.map((i) => 3 * i + 1))));
  const size = count(INNER);
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
      const alone = range(ROWS).map((row): Run => {
        const data = input.data.slice(row * size, (row + 1) * size);
        return { rowCount: 1, values: [{ shape: [1, ...INNER], data }] };
      });
      const batch: Run = { rowCount: ROWS, values: [input] };
      const values: RowValue[] = [rows(0, [NUMBER_OF_ROWS, ...INNER.map(literal)])];
      for (const make of steps) {
        if (!advance([batch, ...alone], make)) continue;
        const value = make(() => ROWS).analyze(values);
        values.push(value);
        if (conclude(new Map([["y", value]])).verdict !== "independent") continue;
        independent++;
        const whole = batch.values.at(-1) as Dense;
        const parts = alone.map((run) => run.values.at(-1) as Dense);
        expect(whole.shape).toEqual([ROWS, ...(parts[0] as Dense).shape.slice(1)]);
        for (const [row, { data }] of parts.entries()) {
          const own = whole.data.slice(row * data.length, (row + 1) * data.length);
          const farthest = Math.max(0, ...own.map((one, i) => Math.abs(one - (data[i] as number))));
          expect(farthest).toBeLessThan(1e-6 * Math.max(1, ...data.map(Math.abs)));
        }
      }
    }),
    { numRuns: 5_000 },
  );
  expect(independent).toBeGreaterThan(5_000);
});
