import { expect, it } from "vitest";
import { servableId } from "./servable-id.js";
import { formatServableRequest, type ServableRequest, specific } from "./servable-request.js";

it.each<[ServableRequest, string]>([
  [{ name: "m", version: 3 }, "Specific(m, 3)"],
  [{ name: "m", version: 3n }, "Specific(m, 3)"],
  [{ name: "m" }, "Latest(m)"],
  [{ name: "m", label: "stable" }, "Label(m, stable)"],
  [specific(servableId("m", 7)), "Specific(m, 7)"],
])("%o is written as %s", (request, text) => {
  expect(formatServableRequest(request)).toBe(text);
});
