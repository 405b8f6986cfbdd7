import type { Platform } from "@serving-kit/inference";
import type { Logger } from "@serving-kit/server";
import type { PlatformSettings } from "../config-files/platform-config-file.js";
import type { FlagTable } from "../flags.js";

/** The settings that a platform is created from. The flags have been checked. */
export interface PlatformSetup {
  /** The values of all server flags, by name. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The settings of `--platform_config_file`. They override all corresponding flags, as in TF Serving. */
  readonly platformConfig?: PlatformSettings | undefined;
  readonly logger?: Logger | undefined;
}

/** The flags of a platform, and how messages refer to them. */
export interface PlatformFlags {
  /** TF Serving's flags. A platform config file overrides them. */
  readonly servingFlags?: FlagTable;
  /** Flags beyond TF Serving's. */
  readonly ownFlags?: FlagTable;
  /**
   * The flag for each option that messages name, as in `option tags`; undefined if the command never sets the option.
   */
  readonly flagOfOption?: Readonly<Record<string, string | undefined>>;
  /** The flag of each file, by the file's name in messages. */
  readonly flagOfFile?: Readonly<Record<string, string>>;
  /** A paragraph of `serving-kit install --help` about its library, in lines of at most 100 characters. */
  readonly installHelp?: string;
  /** Checks the flags against one another. @throws ServingError FLAGS_CONFLICT. */
  check?(flags: PlatformSetup["flags"]): void;
  /** A warning for each flag without effect. */
  warnings?(setup: PlatformSetup): readonly string[];
  /** The name of another platform, which loads the versions that both platforms accept. */
  prefers?(setup: PlatformSetup): string | undefined;
}

/** A platform of the command: a row of the table of built-ins. */
export interface PlatformRow extends PlatformFlags {
  /** Its `platformName`. */
  readonly name: string;
  /** True if `doctor` fails if its library does not open. Default false. */
  readonly isRequired?: boolean;
  /** Imports and creates the platform, with defaults if there is no setup. */
  load(setup?: PlatformSetup): Promise<Platform>;
}
