/** Gauss-Legendre quadrature on the interval from 0 to 1. */
export interface Quadrature {
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

const rules = new Map<number, Quadrature>();

/** Returns the rule with `count` points. Each rule is computed once. */
export function quadratureOf(count: number): Quadrature {
  let rule = rules.get(count);
  if (rule === undefined) {
    rule = compute(count);
    rules.set(count, rule);
  }
  return rule;
}

const MAX_STEPS = 100;

/** Computes the roots of the Legendre polynomial by Newton's method, mapped from -1..1 to 0..1. */
function compute(count: number): Quadrature {
  const points = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let step = 0; step < MAX_STEPS; step++) {
      const { value, derivative } = legendre(count, x);
      slope = derivative;
      const change = value / derivative;
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    points[i] = (1 - x) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}

function legendre(degree: number, x: number): { value: number; derivative: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= degree; k++) {
    [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  }
  return { value, derivative: (degree * (x * value - before)) / (x * x - 1) };
}
