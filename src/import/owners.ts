import type { Call } from "./modules/module.ts";

/** What a call owns on the host, as far as it is written out. */
interface Owned {
  readonly id: string;
  /** Whole, or a part that leaves room for others. */
  readonly whole: boolean;
}

const VERBS: Readonly<Record<string, string>> = { "t.file": "file", "t.template": "file", "t.directory": "file", "t.symlink": "file", "t.download": "file", "t.line": "file", "t.lines": "file", "t.service": "service", "t.user": "user", "t.group": "group", "t.cron": "cron", "t.mount": "mount", "t.sysctl": "sysctl", "t.kernelModule": "module", "t.package": "package" };

/** Remembers what a role's calls own: hawser refuses two declarations of one thing, so the second is left to a hand. */
export class Owners {
  readonly #owned = new Map<string, { readonly whole: boolean; readonly from: string; readonly call: Call }[]>();

  /** Where something in the call is declared already; undefined when all of it is new. */
  rival(call: Call): string | undefined {
    for (const { id, whole } of ownedBy(call)) {
      const other = (this.#owned.get(id) ?? []).find((one) => one.whole || whole);
      const isPartOfBoth = !whole && call.verb === other?.call.verb;
      if (other !== undefined && !isPartOfBoth) return other.from;
    }
    return undefined;
  }

  add(call: Call, from: string): void {
    for (const { id, whole } of ownedBy(call)) this.#owned.set(id, [...(this.#owned.get(id) ?? []), { whole, from, call }]);
  }
}

function ownedBy(call: Call): Owned[] {
  const kind = VERBS[call.verb];
  const [key = ""] = call.args;
  if (kind === undefined) return [];
  const names = key.startsWith("[") ? [...key.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([name]) => name) : [key];
  // A file that is written once, or of which only the owner and mode are looked after, has room for lines of others.
  const isPart = call.verb === "t.line" || call.verb === "t.lines" || call.options.some(([name]) => name === "once") || (call.verb === "t.file" && !call.options.some(([name]) => ["content", "source", "state"].includes(name)));
  return names.filter((name) => name.startsWith('"')).map((name) => ({ id: `${kind} ${name}`, whole: !isPart }));
}
