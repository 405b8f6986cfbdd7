import {
  allVersions,
  latestVersions,
  parseVersion,
  type ServableVersionPolicy,
  specificVersions,
  type Version,
} from "@serving-kit/core";
import { z } from "zod";
import { errors } from "../errors.js";
import { type Int64Field, versionNumber, whole } from "./wire-fields.js";
import { messageField, type WireField, wireMessage } from "./wire-message.js";

const NAME = "FileSystemStoragePathSourceConfig.ServableVersionPolicy";

const count = whole("The number of versions. Default 1; 0 means 1.");
const latestMessage = wireMessage(`${NAME}.Latest`, {
  num_versions: { id: 1, type: "uint32", schema: count },
});
const allMessage = wireMessage(`${NAME}.All`, {});
const specificMessage = wireMessage(`${NAME}.Specific`, {
  versions: { id: 1, type: "int64", rule: "repeated", schema: z.array(versionNumber) },
});
const policyMessage = wireMessage(
  NAME,
  {
    latest: {
      id: 100,
      ...messageField(latestMessage, "The newest versions."),
    },
    all: {
      id: 101,
      ...messageField(allMessage, "All versions."),
    },
    specific: {
      id: 102,
      ...messageField(specificMessage, "The listed versions."),
    },
  },
  { oneof: "policy_choice" },
);

/** TF Serving's `ServableVersionPolicy`. */
export const versionPolicyField = {
  type: policyMessage,
  schema: policyMessage.schema
    .refine((policy) => Object.keys(policy).length < 2, "one of latest, all and specific")
    .meta({
      maxProperties: 1,
      description: "The versions to serve. Default: the newest.",
    }),
} as const satisfies WireField;

/** TF Serving's `ServableVersionPolicy` as message readers return it. */
interface VersionPolicyFields {
  readonly latest?: { readonly num_versions?: Int64Field | undefined } | null | undefined;
  readonly all?: object | null | undefined;
  readonly specific?: { readonly versions?: readonly Int64Field[] | undefined } | null | undefined;
}

/**
 * Returns the policy of a message; undefined if it has none. `where` is its place.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID unless each version is from 0 to 2^63 - 1.
 */
export function readVersionPolicy(
  policy: VersionPolicyFields | null | undefined,
  where: string,
): ServableVersionPolicy | undefined {
  if (policy?.all) return allVersions();
  if (policy?.specific) {
    const { versions = [] } = policy.specific;
    return specificVersions(versions.map((number) => readVersion(number, `${where}.versions`)));
  }
  // In proto3, 0 means that the count is not set.
  if (policy?.latest) {
    const numVersions = Number(policy.latest.num_versions ?? 0) || 1;
    return latestVersions(Math.min(numVersions, Number.MAX_SAFE_INTEGER));
  }
  return undefined;
}

/**
 * Returns the versions by label of a message. `where` is their place.
 *
 * @throws as `readVersionPolicy`.
 */
export function readLabels(
  labels: Readonly<Record<string, Int64Field>>,
  where: string,
): Readonly<Record<string, Version>> {
  const entries = Object.entries(labels);
  return Object.fromEntries(entries.map(([label, number]) => [label, readVersion(number, where)]));
}

function readVersion(number: Int64Field, where: string): Version {
  const version = parseVersion(String(number));
  if (version !== undefined) return version;
  throw errors.configInvalid(`${where}: expected an integer from 0 to 2^63 - 1; got ${number}`);
}
