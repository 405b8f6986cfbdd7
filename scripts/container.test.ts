import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readModelConfigFile } from "../packages/server/src/index.js";
import { parseFlags } from "../packages/serving-kit/src/flags.js";
import { serverFlags } from "../packages/serving-kit/src/server-flags.js";
import { baseImageArguments } from "./prove-container/base-images.js";
import { readCompose } from "./prove-container/compose.js";
import { textsOf } from "./prove-container/dockerfile.js";
import { readManifest, root } from "./workspace.mjs";

const stages = textsOf("FROM").map((text) => text.split(" AS "));
const defaults = parseFlags(serverFlags, []).flags;

describe("Dockerfile", () => {
  it("ends with the stage that is built by default, and has one for TensorFlow Lite alone", () => {
    expect(stages.at(-1)).toEqual(["runtime", "serving-kit"]);
    expect(stages).toContainEqual(["runtime", "tflite"]);
    expect(stages).toContainEqual(["runtime", "gpu"]);
  });

  it("accepts a libtensorflow of one's own by a build argument, and downloads one by default", () => {
    expect(textsOf("ARG")).toContain("LIBTENSORFLOW=scratch");
    expect(stages).toContainEqual(["$" + "{LIBTENSORFLOW}", "own-libtensorflow"]);
    expect(textsOf("COPY")).toContain("--from=libtensorflow /opt/tensorflow /opt/tensorflow");
    const fetching = textsOf("RUN").find((text) => text.includes("install tensorflow"));
    expect(fetching).toContain("--mount=type=bind,from=own-libtensorflow,target=/own");
  });

  it("starts from images of one Debian release, by tag, with a Node that is supported", () => {
    const { NODE_IMAGE: node = "", DEBIAN_IMAGE: debian, ...others } = baseImageArguments();
    expect(others).toEqual({});
    const [, major, release] = /^node:(\d+)-([a-z]+)-slim$/.exec(node) ?? [];
    expect(debian).toBe(`debian:${release}-slim`);
    const [oldest] = /\d+/.exec(readManifest(".").engines?.node ?? "") ?? [];
    expect(Number(major)).toBeGreaterThanOrEqual(Number(oldest));
  });

  it("runs the command as a user who is not root, known by number", () => {
    const [user = "", ...others] = textsOf("USER");
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const program = join("/app", readManifest("packages/serving-kit").bin?.["serving-kit"] ?? "");
    // The image with Python is built upon as root. Its entry point takes the user instead.
    expect(others).toEqual(["0:0"]);
    expect(textsOf("ENTRYPOINT")).toEqual([
      JSON.stringify(["node", program]).replace(",", ", "),
      '["serving-kit-entrypoint"]',
    ]);
    const entryPoint = readFileSync(join(root, "scripts/python-entrypoint.sh"), "utf8");
    const [uid, gid] = user.split(":");
    expect(entryPoint).toContain(`setpriv --reuid=${uid} --regid=${gid} --clear-groups`);
    expect(entryPoint.match(/node \S+/g)).toEqual([`node ${program}`, `node ${program}`]);
  });

  it("names the ports that the command listens on without flags, and asks REST for its health", () => {
    expect(textsOf("EXPOSE")).toEqual([`${defaults.port} ${defaults.rest_api_port}`]);
    const url = `http://127.0.0.1:${defaults.rest_api_port}/v1/health/ready`;
    expect(textsOf("HEALTHCHECK")).toEqual([expect.stringContaining(`fetch('${url}')`)]);
  });

  it("copies what .dockerignore lets through, all of which is there", () => {
    const lines = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
    expect(lines).toContain("*");
    const wanted = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    expect(wanted.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    for (const path of ["scripts/install.mjs", "scripts/npx.mjs", "LICENSE"]) {
      expect(wanted).toContain(path.split("/")[0]);
    }
  });
});

describe("examples/compose", () => {
  const folder = join(root, "examples/compose");
  const { build, command, mounts, ports, stop_grace_period } = readCompose(folder);

  it("builds a target of the Dockerfile and publishes its ports", () => {
    expect(stages.map(([, name]) => name)).toContain(build.target);
    expect(ports.map((port: string) => port.split(":").at(-1)).join(" ")).toBe(
      textsOf("EXPOSE")[0],
    );
  });

  it("waits longer for the end than the command takes at most", () => {
    expect(1000 * Number.parseInt(stop_grace_period, 10)).toBeGreaterThan(
      defaults.shutdown_deadline_in_ms + 1000,
    );
  });

  it("passes existing flags, and mounts existing paths read-only", () => {
    const { flags } = parseFlags(serverFlags, command);
    expect(flags.model_config_file_poll_wait_seconds).toBeGreaterThan(0);
    for (const mount of mounts) {
      const [source, target, mode] = mount.split(":");
      expect([existsSync(source ?? ""), mode], target).toEqual([true, "ro"]);
    }
    expect(existsSync(join(folder, flags.monitoring_config_file ?? ""))).toBe(true);
  });

  it("has labels for versions that are mounted", async () => {
    const { flags } = parseFlags(serverFlags, command);
    const [digits] = await readModelConfigFile(join(folder, flags.model_config_file ?? ""));
    const targets = mounts.map((mount: string) => mount.split(":")[1]);
    for (const version of Object.values(digits?.labels ?? {})) {
      expect(targets).toContain(`${digits?.basePath}/${version}`);
    }
    expect(Object.keys(digits?.labels ?? {})).toEqual(["stable", "canary"]);
  });
});
