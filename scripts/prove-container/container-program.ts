import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Ran, run } from "../run.mjs";

/** A program that builds images and runs containers: docker, or podman. */
export interface ContainerProgram {
  /** Its name and version. */
  readonly name: string;
  /** The arguments that build an image. */
  readonly build: readonly string[];
  call(args: readonly string[]): Promise<Ran>;
  /** Removes the rest of what it wrote into the folder. */
  remove(): Promise<void>;
}

/** No more than a root in a sandbox has: raising a limit takes a right that it may lack. */
const podmanSettings = (folder: string) => `
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
function docker(version: string): ContainerProgram {
  const env = { DOCKER_BUILDKIT: "1" };
  return {
    name: `Docker ${version}`,
    build: ["build"],
    call: (args) => run("docker", args, { env }),
    remove: async () => {},
  };
}

/** podman, with images, containers and settings in the folder: what is on the machine is not touched. */
function podman(version: string, folder: string): ContainerProgram {
  mkdirSync(join(folder, "networks"), { recursive: true });
  writeFileSync(join(folder, "containers.conf"), podmanSettings(folder));
  const env = { CONTAINERS_CONF: join(folder, "containers.conf") };
  const storage = [`--root=${folder}/storage`, `--runroot=${folder}/run`];
  const call = (args: readonly string[]) => run("podman", [...storage, ...args], { env });
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

/** Finds Docker, if its daemon answers, else podman, which keeps all in the folder. */
export async function findContainerProgram(folder: string): Promise<ContainerProgram> {
  const server = await run("docker", ["version", "--format={{.Server.Version}}"]);
  if (server.code === 0) return docker(server.stdout.trim());
  const client = await run("podman", ["version", "--format={{.Client.Version}}"]);
  if (client.code === 0) return podman(client.stdout.trim(), folder);
  throw new Error("no Docker engine answers, and podman is missing: apt-get install podman runc");
}
