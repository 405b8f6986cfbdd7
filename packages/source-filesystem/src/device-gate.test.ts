import { describe, expect, it } from "vitest";
import { DeviceGate } from "./device-gate.js";

/** Returns the number of checks that the gate admits at one moment. */
function capacity(gate: DeviceGate, nowMs: number): number {
  let count = 0;
  for (; count < 100 && gate.mayBegin(nowMs); count++) gate.begin();
  return count;
}

describe("DeviceGate", () => {
  it("lets two through to a device that has not answered, many once it has, two after a while", () => {
    const gate = new DeviceGate(false);
    expect(capacity(gate, 1000)).toBe(2);
    gate.end({ beganAtMs: 1000 }, 1001);
    gate.end({ beganAtMs: 1000 }, 1001);
    expect(gate.isBusy).toBe(false);
    expect(capacity(gate, 1100)).toBe(16);
    for (let look = 0; look < 16; look++) gate.end({ beganAtMs: 1100 }, 1101);
    expect(capacity(gate, 1201)).toBe(2);
  });

  it("admits no check while two checks hang and the device does not respond", () => {
    const gate = new DeviceGate(false);
    const looks = [{ beganAtMs: 10 }, { beganAtMs: 10 }] as const;
    for (const look of looks) {
      gate.begin();
      gate.hang(look);
    }
    expect(gate.isBusy).toBe(false);
    expect(capacity(gate, 5000)).toBe(0);
    gate.end(looks[0], 6000);
    expect(capacity(gate, 6000)).toBe(16);
  });

  it("is not held up by paths that hang on a device that answers", () => {
    const gate = new DeviceGate(false);
    const looks = [{ beganAtMs: 10 }, { beganAtMs: 10 }, { beganAtMs: 10 }];
    for (const look of looks) {
      gate.begin();
      gate.hang(look);
    }
    gate.begin();
    gate.end({ beganAtMs: 10 }, 11);
    expect(capacity(gate, 60_000)).toBe(2);
  });

  it("lets three strangers through at a time, those that hang counted", () => {
    const gate = new DeviceGate(true);
    const hanging = { beganAtMs: 0 };
    expect(capacity(gate, 0)).toBe(3);
    gate.hang(hanging);
    expect(gate.mayBegin(0)).toBe(false);
    gate.end({ beganAtMs: 0 }, 1);
    expect(capacity(gate, 1)).toBe(1);
    gate.end(hanging, 2);
    expect(capacity(gate, 2)).toBe(1);
  });
});
