import { describe, expect, it } from "vitest";
import { sbomOf } from "./sbom.js";
import { publishedPackages, readManifest } from "./workspace.mjs";

describe("the bill of materials", () => {
  const folders = publishedPackages().map(({ folder }) => folder);
  const { bomFormat, specVersion, components, dependencies } = sbomOf(folders);
  const named = (name: string) => components.filter((component) => component.name === name);

  it("is CycloneDX, and has each published package and each of its dependencies", () => {
    expect([bomFormat, specVersion]).toEqual(["CycloneDX", "1.6"]);
    for (const folder of folders) {
      const { name, version, dependencies: direct = {} } = readManifest(folder);
      expect(named(name)).toMatchObject([{ version }]);
      for (const dependency of Object.keys(direct)) expect(named(dependency)).not.toEqual([]);
    }
  });

  it("has the checksum of each package that comes from a registry", () => {
    const foreign = components.filter(({ name }) => !/^(@serving-kit\/|serving-kit$)/.test(name));
    expect(foreign.length).toBeGreaterThan(20);
    for (const { name, hashes } of foreign) {
      expect([name, hashes]).toEqual([
        name,
        [{ alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
      ]);
    }
  });

  it("has what each needs, and nothing that is only for development", () => {
    const refs = new Set(components.map((component) => component["bom-ref"]));
    expect(refs.size).toBe(components.length);
    for (const { ref, dependsOn } of dependencies) {
      expect(refs).toContain(ref);
      for (const one of dependsOn) expect(refs).toContain(one);
    }
    const grpc = dependencies.find(({ ref }) => ref.startsWith("pkg:npm/%40grpc/grpc-js@"));
    expect(grpc?.dependsOn.join()).toContain("pkg:npm/%40grpc/proto-loader@");
    for (const name of ["vitest", "typescript", "tsup"]) expect(named(name)).toEqual([]);
  });
});
