import { describe, expect, it } from "vitest";
import { cacheFolder } from "./cache-folder.js";

describe("cacheFolder", () => {
  it("is SERVING_KIT_CACHE if set", () => {
    expect(cacheFolder({ SERVING_KIT_CACHE: "/kit", XDG_CACHE_HOME: "/var/cache" })).toBe("/kit");
  });

  it.runIf(process.platform === "linux")("follows XDG_CACHE_HOME if absolute", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "/var/cache/me" })).toBe("/var/cache/me/serving-kit");
    expect(cacheFolder({ XDG_CACHE_HOME: "relative" })).toMatch(/\/\.cache\/serving-kit$/);
  });
});
