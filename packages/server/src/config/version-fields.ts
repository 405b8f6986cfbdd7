import { parseVersion, type Version } from "@serving-kit/core";
import { all, latest, type ServableVersionPolicy, specific } from "@serving-kit/source-filesystem";
import { errors } from "../errors.js";

/** A 64-bit integer as readers of messages give it: decimal digits, where a number will not do. */
export type Int64Field = bigint | number | string;

/** TF Serving's `ServableVersionPolicy` as readers of messages give it. */
export interface VersionPolicyFields {
  readonly latest?: { readonly num_versions?: Int64Field | undefined } | null | undefined;
  readonly all?: object | null | undefined;
  readonly specific?: { readonly versions?: readonly Int64Field[] | undefined } | null | undefined;
}

/**
 * The version that stands at `where` of a message.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID unless it is from 0 to 2^63 - 1.
 */
export function versionFromField(number: Int64Field, where: string): Version {
  const version = parseVersion(String(number));
  if (version !== undefined) return version;
  throw errors.configInvalid(`${where}: expected an integer from 0 to 2^63 - 1; got ${number}`);
}

/**
 * The versions by name that stand at `where` of a message.
 *
 * @throws as `versionFromField` does.
 */
export function labelsFromFields(
  labels: Readonly<Record<string, Int64Field>> | undefined,
  where: string,
): Readonly<Record<string, Version>> {
  const entries = Object.entries(labels ?? {});
  return Object.fromEntries(
    entries.map(([label, number]) => [label, versionFromField(number, where)]),
  );
}

/**
 * The policy that stands at `where` of a message; undefined where it says none.
 *
 * @throws as `versionFromField` does.
 */
export function policyFromFields(
  policy: VersionPolicyFields | null | undefined,
  where: string,
): ServableVersionPolicy | undefined {
  if (policy?.all) return all();
  if (policy?.specific) {
    const { versions = [] } = policy.specific;
    return specific(versions.map((number) => versionFromField(number, `${where}.versions`)));
  }
  // In proto3 a count of 0 is one that was not given.
  if (policy?.latest) {
    const count = Number(policy.latest.num_versions ?? 0) || 1;
    return latest(Math.min(count, Number.MAX_SAFE_INTEGER));
  }
  return undefined;
}
