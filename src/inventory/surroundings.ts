import { isAbsolute, join, relative, resolve } from "node:path";

/** What surrounds a load; tests replace it. */
export interface Surroundings {
  /** Default process.env. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `~` stands for. Default the home directory. */
  readonly home: string;
  /** Default the working directory. */
  readonly cwd: string;
}

/** `~/` expanded; a relative path is taken from `base`. */
export function expandPath(around: Surroundings, text: string, base: string): string {
  if (text === "~") return around.home;
  return text.startsWith("~/") ? join(around.home, text.slice(2)) : resolve(base, text);
}

/** A path as messages show it: relative to the working directory when below it. */
export function showPath(around: Surroundings, path: string): string {
  const shown = relative(around.cwd, path);
  if (shown === "") return ".";
  return shown.startsWith("..") || isAbsolute(shown) ? path : shown;
}
