/** The words of a server that is ending and whose deadline has passed. */
export const overdueWords = (deadlineMs: number): string =>
  `after ${deadlineMs} ms (--shutdown_deadline_in_ms) what was still under way is cut off`;
