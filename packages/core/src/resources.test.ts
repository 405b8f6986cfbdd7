import { describe, expect, it } from "vitest";
import { formatResources, ResourceTracker } from "./resources.js";

describe("ResourceTracker", () => {
  it("reserves all of the amounts, or nothing", () => {
    const tracker = new ResourceTracker({ ramBytes: 10, gpus: 1 });
    expect(tracker.reserve({ ramBytes: 4, gpus: 1 })).toBe(true);
    expect(tracker.reserve({ ramBytes: 4, gpus: 1 })).toBe(false);
    expect(tracker.reserved).toEqual({ ramBytes: 4, gpus: 1 });
    expect(tracker.reserve({ ramBytes: 6 })).toBe(true);
    expect(tracker.reserve({ ramBytes: 1 })).toBe(false);
    expect(tracker.reserve({})).toBe(true);
  });

  it("leaves resources without a limit unlimited, also those named like a property of Object", () => {
    const tracker = new ResourceTracker({ ramBytes: 1 });
    expect(tracker.reserve({ threads: 1e12, toString: 5, constructor: 5 })).toBe(true);
  });

  it("releases reservations down to zero, including fractions", () => {
    const tracker = new ResourceTracker({ gpus: 0.3 });
    expect(tracker.reserve({ gpus: 0.1 })).toBe(true);
    expect(tracker.reserve({ gpus: 0.1 })).toBe(true);
    tracker.release({ gpus: 0.1 });
    tracker.release({ gpus: 0.1 });
    expect(tracker.reserved).toEqual({});
    expect(tracker.reserve({ gpus: 0.3 })).toBe(true);
  });

  it("reports what can never be reserved", () => {
    const tracker = new ResourceTracker({ ramBytes: 10 });
    tracker.reserve({ ramBytes: 10 });
    expect(tracker.canEverReserve({ ramBytes: 10, other: 1 })).toBe(true);
    expect(tracker.canEverReserve({ ramBytes: 11 })).toBe(false);
  });

  it("lowers a reservation, and never raises one", () => {
    const tracker = new ResourceTracker({ ramBytes: 10 });
    tracker.reserve({ ramBytes: 10, gpus: 1 });
    expect(tracker.lower({ ramBytes: 10, gpus: 1 }, { ramBytes: 11 })).toBe(false);
    expect(tracker.lower({ ramBytes: 10, gpus: 1 }, { ramBytes: 5, disks: 1 })).toBe(false);
    expect(tracker.lower({ ramBytes: 10, gpus: 1 }, { ramBytes: 10, gpus: 1 })).toBe(false);
    expect(tracker.reserved).toEqual({ ramBytes: 10, gpus: 1 });
    expect(tracker.lower({ ramBytes: 10, gpus: 1 }, { ramBytes: 5 })).toBe(true);
    expect(tracker.reserved).toEqual({ ramBytes: 5 });
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])("rejects the amount %d", (amount) => {
    const message = `the amount of resource "ramBytes" must be a finite number >= 0; got ${amount}`;
    const tracker = new ResourceTracker();
    expect(() => new ResourceTracker({ ramBytes: amount })).toThrow(new RangeError(message));
    expect(() => tracker.reserve({ gpus: 1, ramBytes: amount })).toThrow(message);
    expect(() => tracker.canEverReserve({ ramBytes: amount })).toThrow(message);
    expect(tracker.reserved).toEqual({});
  });

  it("does not follow later changes of the limits it was given", () => {
    const limits = { ramBytes: 1 };
    const tracker = new ResourceTracker(limits);
    limits.ramBytes = 100;
    expect(tracker.reserve({ ramBytes: 2 })).toBe(false);
    expect(tracker.limits).toEqual({ ramBytes: 1 });
  });
});

it("amounts are written for messages", () => {
  expect(formatResources({ ramBytes: 200, servables: 1 })).toBe("ramBytes 200, servables 1");
  expect(formatResources({})).toBe("nothing");
});
