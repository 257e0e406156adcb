import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { LabError } from "./error.ts";

/** One line of a sources.list: a repository the controller's own apt uses. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

/** What the images are built from, and what had to be left out and why. */
export interface AptSources {
  readonly used: readonly AptSource[];
  readonly warnings: readonly string[];
}

/**
 * Reads the controller's apt configuration: the lab names no mirror of its own.
 * @param root where to look; the default is this machine
 * @throws LabError when nothing there is usable
 */
export async function controllerSources(root = "/"): Promise<AptSources> {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(await readFile(join(root, "etc/os-release"), "utf8"))?.[1] ?? "";
  const folder = join(root, "etc/apt/sources.list.d");
  const files = [join(root, "etc/apt/sources.list"), ...(await listed(folder)).sort().map((file) => join(folder, file))];
  const found: AptSource[] = [];
  for (const file of files) {
    const text = await readIfThere(file);
    if (file.endsWith(".sources")) found.push(...parseDeb822(text));
    else if (file.endsWith(".list")) found.push(...parseOneLine(text));
  }
  const chosen = chooseSources(found, codename);
  if (!chosen.used.some((source) => source.suite === codename))
    throw new LabError(`this machine's apt has no http source for its own release (${codename || "unknown"})`, {
      evidence: chosen.warnings.join("\n"),
      hint: "run the lab on Debian with a http source in /etc/apt, or use the docker backend",
    });
  return chosen;
}

/** Keeps the release's own suites over http; anything else is no business of a lab host, and https cannot be cached. */
export function chooseSources(found: readonly AptSource[], codename: string): AptSources {
  const warnings: string[] = [];
  const used = found.filter((source) => {
    const ours = source.suite === codename || source.suite.startsWith(`${codename}-`);
    if (ours && !source.uri.startsWith("http://"))
      warnings.push(`left out the apt source ${source.suite}: the lab's package cache reads http only`);
    return ours && source.uri.startsWith("http://");
  });
  return { used, warnings };
}

/** A source in sources.list's one-line style. */
export function sourceLine({ uri, suite, components, signedBy }: AptSource): string {
  const options = signedBy === undefined ? "" : `[signed-by=${signedBy}] `;
  return ["deb", `${options}${uri}`, suite, ...components].join(" ");
}

/** `deb [options] uri suite components...`; see sources.list(5). */
export function parseOneLine(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) return [];
    const [, options = "", uri = "", suite = "", components = ""] = match;
    const signedBy = /(?:^|\s)signed-by=(\/\S+)/i.exec(options)?.[1];
    return [{ uri, suite, components: words(components), signedBy }];
  });
}

/** Stanzas of `Field: value` lines; see deb822 in sources.list(5). A key embedded in Signed-By is not carried over. */
export function parseDeb822(text: string): AptSource[] {
  const plain = text.replaceAll(/^#.*\n?/gm, "");
  return plain.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string => new RegExp(`^${name}:((?:.*(?:\\n[ \\t]+.*)*))`, "im").exec(stanza)?.[1]?.trim() ?? "";
    if (!words(field("Types")).includes("deb") || /^no$/i.test(field("Enabled"))) return [];
    const key = words(field("Signed-By"))[0];
    const signedBy = key?.startsWith("/") === true ? key : undefined;
    return words(field("URIs")).flatMap((uri) =>
      words(field("Suites")).map((suite) => ({ uri, suite, components: words(field("Components")), signedBy })),
    );
  });
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

async function listed(folder: string): Promise<string[]> {
  return readdir(folder).catch(absentAs<string[]>([]));
}

async function readIfThere(file: string): Promise<string> {
  return readFile(file, "utf8").catch(absentAs(""));
}

/** For a missing file only: any other error still surfaces. */
export function absentAs<T>(value: T): (cause: unknown) => T {
  return (cause) => {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    return value;
  };
}
