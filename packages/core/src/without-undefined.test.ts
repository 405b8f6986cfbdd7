import { expect, it } from "vitest";
import { withoutUndefined } from "./without-undefined.js";

it("keeps what is set, so that an undefined option replaces no default", () => {
  const given: { a?: number | undefined; b?: null; c?: number } = { a: undefined, b: null, c: 0 };
  expect({ a: 1, b: 1, c: 1, ...withoutUndefined(given) }).toEqual({ a: 1, b: null, c: 0 });
  expect(Object.keys(withoutUndefined(given))).toEqual(["b", "c"]);
});
