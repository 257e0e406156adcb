/** Where two values differ: the path and both sides. */
export interface Difference {
  readonly path: string;
  readonly wanted: unknown;
  readonly seen: unknown;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Docker leaves out what has its zero value. */
function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isRecord(value)) return Object.values(value).every(isZero);
  return value === undefined || value === null || value === 0 || value === "" || value === false;
}

/**
 * What is wanted and not seen. Keys of a mapping that nobody wants are passed over, since newer engines add their own; lists are
 * compared as a whole, and so are mappings under a key of `whole`.
 */
export function differences(wanted: unknown, seen: unknown, whole: ReadonlySet<string> = new Set(), path = ""): Difference[] {
  if (isZero(wanted) && isZero(seen)) return [];
  if (isRecord(wanted) && isRecord(seen)) {
    const key = path.slice(path.lastIndexOf(".") + 1);
    const keys = whole.has(key) ? new Set([...Object.keys(wanted), ...Object.keys(seen)]) : Object.keys(wanted);
    return [...keys].flatMap((name) => differences(wanted[name], seen[name], whole, path === "" ? name : `${path}.${name}`));
  }
  if (Array.isArray(wanted) && Array.isArray(seen) && wanted.length === seen.length) return wanted.flatMap((each, i) => differences(each, seen[i], whole, `${path}[${i}]`));
  return wanted === seen ? [] : [{ path, wanted, seen }];
}

/** A line for each side of each difference, as a diff shows it. */
export function diffLines(all: readonly Difference[]): string {
  const side = (sign: string, path: string, value: unknown): string[] => (isZero(value) ? [] : [`${sign}${path}: ${JSON.stringify(value)}`]);
  return all.flatMap(({ path, wanted, seen }) => [...side("-", path, seen), ...side("+", path, wanted)]).join("\n");
}
