import { describe, expect, it } from "vitest";
import { asError } from "./thrown.js";

const throwing = () => {
  throw new Error("a getter");
};
const revoked = (target: object) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const circular = new Error("circular");
circular.cause = circular;

describe("asError", () => {
  it.each([
    new Error("plain", { cause: new TypeError("why") }),
    Object.freeze(new RangeError("frozen")),
    new Error("with a text", { cause: "why" }),
  ])("returns an error that can be read as it is: $message", (error) => {
    expect(asError(error)).toBe(error);
  });

  it.each([
    ["a string", "no error", "no error"],
    ["nothing", undefined, "undefined"],
    ["a revoked proxy", revoked(new Error("e")), "a value that has no string form was thrown"],
    ["a name that throws", Object.defineProperty(new Error("e"), "name", { get: throwing }), "e"],
    ["a stack that is a number", Object.assign(new Error("e"), { stack: 1 }), "e"],
    ["a message that is an object", Object.assign(new Error(), { message: {} }), "[object Object]"],
    [
      "a property that throws",
      Object.defineProperty(new Error("e"), "more", { enumerable: true, get: throwing }),
      "e",
    ],
    ["a cause that is revoked", new Error("e", { cause: revoked({}) }), "e"],
    ["causes without an end", circular, "circular"],
  ])("returns an error with the message of %s", (_, thrown, message) => {
    const error = asError(thrown);
    expect(error === thrown).toBe(false);
    expect(error).toMatchObject({ name: "Error", message });
    expect(typeof error.stack).toBe("string");
  });
});
