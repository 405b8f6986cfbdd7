import { beforeEach, vi } from "vitest";

// A library does not print: what it has to say is an event, an error or a log of the app's choice.
beforeEach(() => {
  for (const method of ["debug", "error", "info", "log", "trace", "warn"] as const) {
    vi.spyOn(console, method).mockImplementation((...args) => {
      throw new Error(`console.${method} was called in a unit test: ${args.join(" ")}`);
    });
  }
});
