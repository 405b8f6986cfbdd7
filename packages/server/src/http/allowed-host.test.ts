import { expect, it } from "vitest";
import { isAllowedHost } from "./allowed-host.js";

const LOOPBACK = "127.0.0.1";

it.each([
  undefined,
  "",
  "localhost",
  "LocalHost:8501",
  "127.0.0.1",
  "10.1.2.3:8501",
  "[::1]:8501",
  "[::1]",
])("answers Host %s at a loopback address", (host) => {
  for (const address of ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]) {
    expect(isAllowedHost(host, address, [])).toBe(true);
  }
});

it.each([
  "evil.example",
  "evil.example:8501",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "a:b:c",
])("refuses Host %s there, unless it is allowed, and nowhere else", (host) => {
  expect(isAllowedHost(host, LOOPBACK, [])).toBe(false);
  expect(isAllowedHost(host, "::ffff:127.0.0.1", ["other"])).toBe(false);
  expect(isAllowedHost(host, LOOPBACK, ["*"])).toBe(true);
  expect(isAllowedHost(host, "10.0.0.7", [])).toBe(true);
  expect(isAllowedHost(host, "", [])).toBe(true); // a unix socket
});

it("compares allowed names without their case and port", () => {
  expect(isAllowedHost("Model.Test:80", LOOPBACK, ["model.test"])).toBe(true);
});
