import { sh, UsageError, type Sh } from "hawser";
import { FOLDER, OPT } from "../../paths.ts";
import type { Site } from "../../sites.ts";

export const ACCOUNT = "hawser-objects";
export const PROGRAM = `${OPT}/mc`;
/** Aliases with their keys, as mc takes them from its environment; root's alone. */
export const HOSTS = `${FOLDER}/mc.env`;
/** mc's own folder: what the operator has set up for root stays out of it. */
export const CONFIG = `${FOLDER}/mc`;

/** What mc calls a site: a part of a variable's name. */
export const aliasOf = ({ host }: Pick<Site, "host">): string => host.name.replaceAll(/[^A-Za-z0-9]/g, "_");

/** The site's own vars. @throws UsageError where there are none */
export function existingOf({ host, vars }: Site): NonNullable<Site["vars"]["existing"]> {
  if (vars.existing === undefined) throw new UsageError(`minio.backend is minio-existing, and minio.existing of ${host.name} says no endpoint`, { source: host.at("minio", "backend"), hint: "existing: { endpoint: https://…, access_key: …, secret_key: … }" });
  return vars.existing;
}

/** mc with the keys in its environment alone, and its answers in JSON. */
export const mc = (...words: readonly string[]): Sh => sh`( . ${HOSTS}; exec ${PROGRAM} --config-dir ${CONFIG} --json --quiet ${words} )`;
