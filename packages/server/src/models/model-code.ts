import { resolve } from "node:path";
import type { ModelModule, Platform } from "@serving-kit/inference";
import { withMembers } from "@serving-kit/inference";
import type { ModelConfig } from "../config/model-config.js";
import type { CustomPlatform } from "../custom/custom-platform.js";

/**
 * Records the models whose code a server may run: those at base paths that the operator configured. A client may reload
 * models, but must never choose code by a path or a platform.
 */
export class ModelCode {
  readonly #platforms: readonly Platform[];
  readonly #consented = new Set<string>();

  constructor(platforms: readonly Platform[]) {
    this.#platforms = platforms;
  }

  /** Records that the operator configured these models. */
  consent(models: Iterable<Pick<ModelConfig, "basePath" | "platform">>): void {
    for (const { basePath, platform } of models) this.#consented.add(keyOf(basePath, platform));
  }

  /** The platforms that may serve a model whose files decide. */
  platformsOf(basePath: string): readonly Platform[] {
    if (this.#consented.has(keyOf(basePath, undefined))) return this.#platforms;
    return this.#platforms.filter(({ code }) => code === undefined);
  }

  /** The platform for a model that sets or names a platform. */
  platformOf(
    platform: string | Platform | undefined,
    { basePath }: Pick<ModelConfig, "basePath">,
  ): string | Platform | undefined {
    if (typeof platform !== "string") return platform && this.#runnable(platform, basePath);
    const { code } = this.#platforms.find(({ platformName }) => platformName === platform) ?? {};
    if (code === undefined) return platform;
    return this.#consented.has(keyOf(basePath, platform)) ? code.named : undefined;
  }

  /** A custom platform, with the loader of the platform that runs modules of the same kind, such as Python's. */
  #runnable(platform: Platform, basePath: string): Platform {
    if (!("custom" in platform)) return platform;
    const { custom } = platform as CustomPlatform;
    const runs = ({ code }: Platform) =>
      code?.suffixes.some((suffix) => custom.modulePath.endsWith(suffix));
    const code = this.#platforms.find(runs)?.code;
    if (code === undefined) return platform;
    const module: ModelModule = { ...custom, modulePath: resolve(custom.modulePath), basePath };
    return withMembers(platform, { loader: (storage, id) => code.loader(module, storage, id) });
  }
}

const keyOf = (basePath: string, platform: string | Platform | undefined): string =>
  `${typeof platform === "string" ? platform : ""}\0${basePath}`;
