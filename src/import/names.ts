import { code, type Code, LEVEL, member } from "./expression/code.ts";
import { type Scope, Unconvertible } from "./expression/scope.ts";
import { ANY, TEXT, type Type } from "./expression/types.ts";

/** What is known of a variable before a role is written. */
export interface Known {
  readonly type: Type;
  /** Where somebody sets it; absent when nobody does. */
  readonly set: boolean;
}

/** A var of a role's schema. */
export interface SchemaVar {
  readonly type: Type;
  /** It may be left out, and is undefined then. */
  optional: boolean;
  /** Its default as code; undefined when there is none. */
  readonly fallback?: string;
  /** Nobody sets it. */
  readonly unset?: boolean;
}

/** Names that are Ansible's own, or have a meaning only elsewhere. */
const FOREIGN = new Set(["hostvars", "groups", "lookup", "query", "q", "omit", "item", "loop", "play_hosts", "inventory_dir", "inventory_file", "playbook_dir", "role_path", "role_name", "group_names", "inventory_hostname", "inventory_hostname_short", "environment", "vars", "range", "now", "undef"]);

/** The names of one role: what they mean in its code, and what the role must be given for them. */
export class Names implements Scope {
  readonly template = false;
  /** In order of appearance. */
  readonly schema = new Map<string, SchemaVar>();
  /** Values of vars/main.yml, which are written beside the role. */
  readonly fixed = new Map<string, Type>();
  /** Names whose values are made of others, in order: `const name = code`. */
  readonly derived = new Map<string, Code>();
  readonly #makers = new Map<string, () => Code>();
  readonly #locals: ReadonlyMap<string, Code>[] = [];
  readonly #constants: Map<string, Code>[] = [new Map()];
  readonly #lost = new Set<string>();
  /** Results of tasks, by their names: the code of the value that is known late. */
  readonly registered = new Map<string, { readonly type: Type; readonly ref: () => string | undefined }>();
  readonly #known: (name: string) => Known | undefined;
  /** What the code uses besides `t`. */
  readonly uses = new Set<"vars" | "facts" | "host" | "ansible" | "Secret" | "sh" | "Sh" | "UsageError">();

  constructor(known: (name: string) => Known | undefined) {
    this.#known = known;
  }

  /** A name that is made of others where it is first asked for. */
  deriveLater(name: string, make: () => Code): void {
    this.#makers.set(name, make);
  }

  /** A constant that holds from here to the end of the braces around. */
  setLocal(name: string, value: Code): void {
    this.#constants.at(-1)?.set(name, value);
  }

  /** Whether the place at hand is between braces. */
  get nested(): boolean {
    return this.#constants.length > 1;
  }

  /** Runs something between braces: constants that it makes are not known after it. */
  inBraces<T>(run: () => T): T {
    this.#constants.push(new Map());
    try {
      return run();
    } finally {
      for (const name of this.#constants.pop()?.keys() ?? []) this.#lost.add(name);
    }
  }

  /** Runs something with further names. */
  with<T>(names: ReadonlyMap<string, Code>, run: () => T): T {
    this.#locals.push(new Map(names));
    try {
      return run();
    } finally {
      this.#locals.pop();
    }
  }

  local(name: string): Code | undefined {
    return this.#locals.findLast((names) => names.has(name))?.get(name) ?? this.#constants.findLast((names) => names.has(name))?.get(name);
  }

  lookup(name: string, optional = false): Code | undefined {
    const local = this.local(name);
    if (local !== undefined) return local;
    if (this.#lost.has(name)) throw new Unconvertible(`${name} is set under a condition or in a loop before: set it where it is used`, 0);
    if (this.registered.has(name)) throw new Unconvertible(`the result of a task (${name}) stands where it is not known yet: read it by t.read, and use its value with map`, 0);
    const made = this.#derivedOf(name);
    if (made !== undefined) return made;
    const fixed = this.fixed.get(name);
    if (fixed !== undefined) return code(`fixed.${name}`, fixed);
    const declared = this.schema.get(name);
    if (declared === undefined && (FOREIGN.has(name) || name.startsWith("ansible_"))) return undefined;
    const found = declared ?? this.#require(name, optional);
    if (!optional && declared?.unset === true) declared.optional = false;
    this.uses.add("vars");
    const read = member(code("vars", ANY), name, found.type);
    return found.optional ? { ...read, maybe: true } : read;
  }

  helper(name: string): string {
    this.uses.add("ansible");
    return `ansible.${name}`;
  }

  given(name: "facts" | "host"): string {
    this.uses.add(name);
    return name;
  }

  #derivedOf(name: string): Code | undefined {
    const known = this.derived.get(name);
    if (known !== undefined) return code(name, known.type, LEVEL.primary);
    const make = this.#makers.get(name);
    if (make === undefined) return undefined;
    // A value that is made of itself finds what is below it.
    this.#makers.delete(name);
    const made = make();
    this.derived.set(name, made);
    return code(name, made.type, LEVEL.primary);
  }

  /** A name from outside of the role. */
  #require(name: string, optional: boolean): SchemaVar {
    const known = this.#known(name);
    const added: SchemaVar = known?.set === true ? { type: known.type, optional } : { type: known?.type ?? TEXT, optional, unset: true };
    this.schema.set(name, added);
    return added;
  }
}

/** The same names as a template sees them: all below `vars`. Remembers what must be given besides the role's vars. */
export class TemplateNames implements Scope {
  readonly template = true;
  /** Names that the template is given, with what they are in the role. */
  readonly extras = new Map<string, string>();
  readonly #names: Names;

  constructor(names: Names) {
    this.#names = names;
  }

  lookup(name: string, optional = false): Code | undefined {
    const result = this.#names.local(name) === undefined ? this.#names.registered.get(name) : undefined;
    const late = result?.ref();
    // A template waits for a late value that it reads.
    if (result !== undefined && late !== undefined) {
      this.extras.set(name, late);
      return code(`vars.${name}`, result.type);
    }
    const found = this.#names.lookup(name, optional);
    if (found === undefined) return undefined;
    if (found.text.startsWith("vars.")) return found;
    if (found.text.startsWith("fixed.")) {
      this.extras.set("fixed", "fixed");
      return { ...found, text: `vars.${found.text}` };
    }
    this.extras.set(name, found.text);
    return { ...found, text: `vars.${name}`, level: LEVEL.postfix };
  }

  helper(name: string): string {
    this.extras.set("ansible", this.#names.helper(name).split(".")[0] ?? "");
    return `vars.ansible.${name}`;
  }

  given(name: "facts" | "host"): string {
    this.extras.set(name, this.#names.given(name));
    return `vars.${name}`;
  }
}
