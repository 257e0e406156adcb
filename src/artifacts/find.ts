import { isArtifact, type Artifact } from "../dsl/artifact.ts";

/** An artifact, and where in the vars it is. */
export interface Found {
  readonly artifact: Artifact;
  readonly path: readonly (string | number)[];
}

/** Every artifact in a role's vars, however deep. */
export function artifactsIn(vars: unknown): Found[] {
  const found: Found[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (isArtifact(value)) found.push({ artifact: value, path });
    else if (Array.isArray(value)) for (const [i, item] of value.entries()) visit(item, [...path, i]);
    else if (value instanceof Map) for (const [key, item] of value) visit(item, [...path, String(key)]);
    else if (isPlain(value)) for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
  };
  visit(vars, []);
  return found;
}

/** Secrets, commands and the like hold no artifacts. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
