import { AspiredVersionsManager, mapVersions } from "@serving-kit/core";
import { FakeLoader } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { specific } from "../src/index.js";
import { useBench } from "./observe.js";

const bench = useBench();

/** A manager over the source, and the outcome of waiting for a request. */
async function waitFor(...[options]: Parameters<typeof bench.observe>) {
  const { source } = await bench.observe(options);
  const loaders = mapVersions(() => new FakeLoader());
  const manager = AspiredVersionsManager.from(source.pipe(loaders), { clock: bench.clock });
  const reasonOf = (request = {}) =>
    manager.available({ name: "m", ...request }).then(
      () => "available",
      (error) => error.reason,
    );
  return { manager, source, reasonOf };
}

it("available rejects with the reason of a wrong base path, of one without versions, and a policy", async () => {
  const { directory } = bench;
  const missing = await waitFor({ servable: { basePath: directory.at("nosuch") } });
  expect(await missing.reasonOf()).toBe("BASE_PATH_UNREACHABLE");
  const empty = await waitFor();
  expect(await empty.reasonOf({ version: 7 })).toBe("NO_VERSIONS_FOUND");
  directory.write("1/model");
  const other = await waitFor({ servable: { versionPolicy: specific([2]) } });
  expect(await other.reasonOf({ label: "stable" })).toBe("VERSIONS_MISSING");
  const there = await waitFor();
  expect(await there.reasonOf()).toBe("available");
  for (const { manager } of [missing, empty, other, there]) await manager.close();
});
