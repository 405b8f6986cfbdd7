// @ts-nocheck Not yet in TypeScript.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../run.mjs";

/** No more than a root in a sandbox has: raising a limit takes a right that it may lack. */
const podmanSettings = (folder) => `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
static_dir = "${folder}/static"
tmp_dir = "${folder}/tmp"
volume_path = "${folder}/volumes"
[network]
network_config_dir = "${folder}/networks"
`;

/** Docker, where its daemon answers. Images and containers are removed by name. */
function docker(version) {
  const env = { DOCKER_BUILDKIT: "1" };
  return {
    name: `Docker ${version}`,
    build: ["build"],
    call: (args) => run("docker", args, { env }),
    remove: () => {},
  };
}

/** podman, with images, containers and settings in the folder: what is on the machine is not touched. */
function podman(version, folder) {
  mkdirSync(join(folder, "networks"), { recursive: true });
  writeFileSync(join(folder, "containers.conf"), podmanSettings(folder));
  const env = { CONTAINERS_CONF: join(folder, "containers.conf") };
  const storage = [`--root=${folder}/storage`, `--runroot=${folder}/run`];
  const call = (args) => run("podman", [...storage, ...args], { env });
  return {
    name: `podman ${version}`,
    build: ["build", "--format=docker", "--pull=never"],
    call,
    remove: async () => {
      await call(["rmi", "--all", "--force"]);
      await run("umount", [join(folder, "storage/overlay")]);
    },
  };
}

async function findClient(folder) {
  const server = await run("docker", ["version", "--format={{.Server.Version}}"]);
  if (server.code === 0) return docker(server.stdout.trim());
  const client = await run("podman", ["version", "--format={{.Client.Version}}"]);
  if (client.code === 0) return podman(client.stdout.trim(), folder);
  throw new Error("no Docker engine answers, and podman is missing: apt-get install podman runc");
}

/** Builds images and runs containers: Docker if its daemon answers, else podman. */
export async function findEngine(folder) {
  const { name, build, call, remove } = await findClient(folder);
  const containers = [];
  const images = [];

  /** Returns what it printed on stdout. */
  async function must(...args) {
    const { code, stdout, output } = await call(args);
    if (code === 0) return stdout.trim();
    throw new Error(`${name}: ${args.join(" ")} ended with ${code}:\n${output}`);
  }

  const inspect = async (kind, what) => JSON.parse(await must(kind, "inspect", what))[0];

  return {
    name,
    must,
    /** Pulls an image, and returns whether that worked. */
    pull: async (image) => (await call(["pull", "--quiet", image])).code === 0,
    /** Makes an image of a tar archive of its files. */
    async import(tarball, image) {
      images.push(image);
      await must("import", tarball, image);
    },
    async build(image, ...args) {
      images.push(image);
      await must(...build, "--network=host", ...args, `--tag=${image}`);
    },
    /** The run configuration of an image, and its size. */
    async configOf(image) {
      // podman has the health check of an image beside its configuration.
      const { Config, Healthcheck, Size } = await inspect("image", image);
      return { Healthcheck, ...Config, Size };
    },
    /** Starts a container in the background and gives what can be done with it. */
    async start(...args) {
      const id = await must("run", "--detach", ...args);
      containers.push(id);
      return {
        /** The port of this machine that leads to one of the container. */
        port: async (port) => Number((await must("port", id, `${port}/tcp`)).split(":").at(-1)),
        exec: (...command) => must("exec", id, ...command),
        /** The exit code of the HEALTHCHECK. */
        async health() {
          const { Config } = await inspect("container", id);
          const [, ...command] = Config.Healthcheck.Test;
          return (await call(["exec", id, ...command])).code;
        },
        /** The exit code after the stop signal, 137 when it had to be killed. */
        async stop() {
          await must("stop", "--time=25", id);
          return (await inspect("container", id)).State.ExitCode;
        },
        /** The exit code of what ends by itself. */
        exitCode: async () => Number(await must("wait", id)),
        logs: async () => (await call(["logs", id])).output,
      };
    },
    /** Removes what was made, and the folder. */
    async close() {
      for (const id of containers) await call(["rm", "--force", id]);
      for (const image of images.reverse()) await call(["rmi", "--force", image]);
      await remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
