import { FOLDER, OPT } from "../../paths.ts";

export const ACCOUNT = "seaweedfs";
export const PROGRAM = `${OPT}/weed`;
export const KEY = `${FOLDER}/own.key`;
export const CERTIFICATE = `${FOLDER}/own.crt`;
/** Certificates of all sites: who is in it may replicate from this one. */
export const TRUSTED = `${FOLDER}/sites.crt`;
/** Where weed looks for its certificates. */
export const SECURITY = `${FOLDER}/security.toml`;
/** Users with their keys and rights, as SeaweedFS reads them. */
export const IDENTITIES = `${FOLDER}/identities.json`;

/** Forgets old changes. */
export const FORGETTER = "hawser-objects-forget";
/** Takes the changes of another site. */
export const pullerOf = (site: string): string => `hawser-objects-from-${site}`;

/** weed's gRPC port stands so far above the port of HTTP. */
export const GRPC = 10_000;
