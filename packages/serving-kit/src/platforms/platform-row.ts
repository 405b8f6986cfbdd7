import type { Platform } from "@serving-kit/inference";
import type { Logger } from "@serving-kit/server";
import type { PlatformSettings } from "../config-files/platform-config-file.js";
import type { FlagTable } from "../flags.js";

/** The parts of a command line that a platform is made of. The flags are checked. */
export interface PlatformSetup {
  /** The values of all flags of the server by their names. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The settings of `--platform_config_file`, which replaces all flags that it can say, as in TF Serving. */
  readonly platformConfig?: PlatformSettings | undefined;
  readonly logger?: Logger | undefined;
}

/** The flags of a platform, and how messages name them. */
export interface PlatformFlags {
  /** Flags of TF Serving. A platform config file replaces them. */
  readonly servingFlags?: FlagTable;
  /** Flags beyond TF Serving's. */
  readonly ownFlags?: FlagTable;
  /** The flags by the options that messages name, as in `option tags`. Undefined: the command never sets it. */
  readonly flagOfOption?: Readonly<Record<string, string | undefined>>;
  /** The flags of files, by the words of messages for the files. */
  readonly flagOfFile?: Readonly<Record<string, string>>;
  /** A paragraph of `serving-kit install --help` about its library, in lines of at most 100 characters. */
  readonly installHelp?: string;
  /** Checks the flags against one another. @throws ServingError FLAGS_CONFLICT. */
  check?(flags: PlatformSetup["flags"]): void;
  /** The flags that have no effect, a sentence each. */
  warnings?(setup: PlatformSetup): readonly string[];
  /** The name of another platform that serves the versions that both accept. */
  prefers?(setup: PlatformSetup): string | undefined;
}

/** A platform of the command: a row of the table of built-ins. */
export interface PlatformRow extends PlatformFlags {
  /** Its `platformName`. */
  readonly name: string;
  /** Whether `doctor` fails if its library does not open. Default false. */
  readonly isRequired?: boolean;
  /** Imports the platform and makes it; without a setup, with its defaults. */
  load(setup?: PlatformSetup): Promise<Platform>;
}
