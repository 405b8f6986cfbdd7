/** The warning when the shutdown deadline has passed. */
export const overdueWords = (deadlineMs: number): string =>
  `aborting remaining work after ${deadlineMs} ms (--shutdown_deadline_in_ms)`;
