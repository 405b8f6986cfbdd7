/** A sample of a process: minutes since the start, and MB. */
export interface Sample {
  readonly minute: number;
  readonly mb: number;
}

/**
 * The growth of memory in MB per minute, by the line that is nearest to the least sample of each minute: what is left
 * between garbage collections. NaN for less than two minutes.
 */
export function growthOf(samples: readonly Sample[]): number {
  const floors = new Map<number, number>();
  for (const { minute, mb } of samples) {
    const whole = Math.floor(minute);
    floors.set(whole, Math.min(floors.get(whole) ?? Number.POSITIVE_INFINITY, mb));
  }
  const points = [...floors];
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanMinute, meanMb] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  let [covariance, variance] = [0, 0];
  for (const [minute, mb] of points) {
    covariance += (minute - meanMinute) * (mb - meanMb);
    variance += (minute - meanMinute) ** 2;
  }
  return covariance / variance;
}
