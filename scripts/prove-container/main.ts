import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../describe-error.mjs";
import { formatDuration, showStep } from "../step-timer.mjs";
import { root } from "../workspace.mjs";
import { baseImages } from "./base-images.js";
import { checkBucket } from "./bucket-checks.js";
import * as checks from "./checks.js";
import { Engine } from "./engine.js";
import { lintDockerfile } from "./hadolint.js";
import { checkPythonCrashes, checkPythonModule } from "./python-checks.js";
import { registryArguments } from "./registries.js";

// `npm run prove:container`: builds all targets of the Dockerfile and runs the images. By hand: it takes minutes and
// 6 GB of disk. Without Docker it needs root and `apt-get install debootstrap podman runc`; without Docker Hub,
// debootstrap, and the stages then start from clean roots made of Debian's and Node's packages. `-- python`: only the
// image for models in Python. `-- gpu`: only the image for GPUs, which needs 20 GB of disk and no GPU.
const TFLITE = "serving-kit-proof:tflite";
const PYTHON = "serving-kit-proof:python";
const GPU = "serving-kit-proof:gpu";
const TENSORFLOW = "serving-kit-proof:tensorflow";
const OWN_LIBRARY = "serving-kit-proof:own-libtensorflow";
const OWN_STAGE = "serving-kit-proof:own-stage";
const LIBRARIES = [
  "THIRD_PARTY_NOTICES.txt",
  "libtensorflow_cc.so.2",
  "libtensorflow_framework.so.2",
];

async function step(label: string, action: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  const end = showStep(label);
  const outcome = await action().finally(() => end("ended"));
  const time = formatDuration(performance.now() - startedAt);
  process.stdout.write(
    `✓ ${label}${typeof outcome === "string" ? `: ${outcome}` : ""} (${time})\n`,
  );
}

/** Builds an image of the Dockerfile. Resolves with its size, in words. */
type Build = (image: string, ...args: readonly string[]) => Promise<string>;

/** Builds the stage of libtensorflow with the libraries of the built image as those of a user. */
async function proveOwnLibrary(engine: Engine, folder: string, build: Build): Promise<void> {
  const context = join(folder, "own-libtensorflow");
  mkdirSync(context);
  const file = `FROM scratch\nCOPY --from=${TENSORFLOW} /opt/tensorflow /opt/tensorflow\n`;
  writeFileSync(join(context, "Dockerfile"), file);
  await engine.build(OWN_LIBRARY, context);
  await build(OWN_STAGE, "--target=libtensorflow", `--build-arg=LIBTENSORFLOW=${OWN_LIBRARY}`);
}

async function prove(engine: Engine, folder: string): Promise<void> {
  const buildArguments = registryArguments(folder);
  await step("hadolint finds nothing", () => lintDockerfile(folder));
  await step("base images", async () => {
    const bases = await baseImages(engine, folder);
    buildArguments.push(...bases.buildArguments);
    return bases.names;
  });
  const build: Build = async (image, ...args) => {
    await engine.build(image, ...buildArguments, ...args, root);
    return checks.megabytes((await engine.configOf(image)).Size);
  };
  if (process.argv.includes("gpu")) return proveGpu(engine, build);
  if (!process.argv.includes("python")) await proveNative(engine, folder, build);
  await step("the target python builds", () => build(PYTHON, "--target=python"));
  await step("a Python module, in an image of its own", () =>
    checkPythonModule(engine, PYTHON, folder, buildArguments),
  );
  await step("Python processes that crash", () => checkPythonCrashes(engine, PYTHON, folder));
}

/** The image for GPUs, as far as a machine without one shows it. */
async function proveGpu(engine: Engine, build: Build): Promise<void> {
  await step("the target gpu builds", () => build(GPU, "--target=gpu"));
  await step(`${GPU} says how it runs`, () => checks.checkConfig(engine, GPU));
  await step(`${GPU} has NVIDIA's libraries`, () => checks.checkGpuLibraries(engine, GPU));
  await step("a SavedModel, on the CPU", () => checks.checkSavedModel(engine, GPU));
}

/** The images for models that run in the server's own process. */
async function proveNative(engine: Engine, folder: string, build: Build): Promise<void> {
  await step("the target tflite builds", () => build(TFLITE, "--target=tflite"));
  await step("the default target builds", () => build(TENSORFLOW));
  await step("a libtensorflow of one's own is taken", () => proveOwnLibrary(engine, folder, build));
  for (const image of [TFLITE, TENSORFLOW]) {
    const libraries = image === TENSORFLOW ? LIBRARIES : [];
    await step(`${image} says how it runs`, () => checks.checkConfig(engine, image));
    await step(`${image} has no more than it takes`, () =>
      checks.checkContent(engine, image, libraries),
    );
    await step(`${image} serves`, () => checks.checkServing(engine, image));
    await step(`${image} at its edges`, () => checks.checkEdges(engine, image));
    await step(`${image} has the built-in kinds`, () => checks.checkBuiltIns(engine, image));
  }
  await step("a SavedModel, by flags", () => checks.checkSavedModel(engine, TENSORFLOW));
  await step("an image with one's own models", () =>
    checks.checkOwnImage(engine, TFLITE, mkdtempSync(join(folder, "own-image-"))),
  );
  await step("a servable of one's own", () => checks.checkCustomPlatform(engine, TFLITE, folder));
  await step("models in a bucket", () => checkBucket(engine, TFLITE, folder));
  await step("examples/compose", () => checks.checkCompose(engine, TFLITE, folder));
}

const folder = mkdtempSync(join(tmpdir(), "serving-kit-container-"));
const engine = await Engine.find(folder);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => void engine.close().finally(() => process.exit(130)));
}
try {
  process.stdout.write(`with ${engine.name}\n`);
  await prove(engine, folder);
} catch (error) {
  process.stdout.write(`✗ ${describeError(error)}\n`);
  process.exitCode = 1;
} finally {
  await engine.close();
}
