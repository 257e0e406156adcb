import { inspect } from "node:util";
import { Tasks } from "../../dsl/tasks.ts";
import { UsageError } from "../../errors/index.ts";
import { suggest } from "../../inventory/index.ts";

/** A verb with its arguments, as it was typed: declared anew for each plan and each apply. */
export class Declaration {
  readonly verb: string;
  readonly args: readonly unknown[];

  constructor(verb: string, args: readonly unknown[]) {
    this.verb = verb;
    this.args = args;
  }

  [inspect.custom](): string {
    return `t.${this.verb}(…)`;
  }
}

/** Verbs whose declarations stand inside functions, or need a play around them: what a role is for. */
const REFUSED = new Set(["given", "block", "export", "on", "once", "flush", "constructor"]);

/** `t` as it is typed: nothing is declared, but written down. */
export function typedTasks(): Record<string, (...args: unknown[]) => Declaration> {
  const verbs = verbsOf(Tasks.prototype);
  return new Proxy({}, {
    get(_, name) {
      if (typeof name !== "string") return undefined;
      if (REFUSED.has(name) && verbs.includes(name)) throw new UsageError(`t.${name} stands in roles only`);
      if (verbs.includes(name)) return (...args: unknown[]) => new Declaration(name, args);
      const near = suggest(name, verbs);
      throw new UsageError(`t has no ${name}`, { hint: near === undefined ? `there are: ${verbs.join(", ")}` : `did you mean ${near}?` });
    },
    ownKeys: () => verbs,
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, writable: false }),
  });
}

function verbsOf(prototype: object): string[] {
  const names: string[] = [];
  for (let each: object = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each) as object) names.push(...Object.getOwnPropertyNames(each).filter((name) => typeof Object.getOwnPropertyDescriptor(each, name)?.value === "function"));
  // `declare` and the like are not for roles.
  return [...new Set(names)].filter((name) => !["constructor", "declare", "put", "collect", "verb"].includes(name)).sort();
}

/** Declares on the real `t`; what a declaration names in its options comes before it, each once. */
export function declareAll(t: Tasks, declarations: readonly Declaration[]): void {
  const made = new Map<Declaration, unknown>();
  const resolve = (value: unknown): unknown => {
    if (value instanceof Declaration) return make(value);
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
  };
  const make = (declaration: Declaration): unknown => {
    if (!made.has(declaration)) {
      const args = declaration.args.map(resolve);
      made.set(declaration, (t as unknown as Record<string, (...args: unknown[]) => unknown>)[declaration.verb]?.(...args));
    }
    return made.get(declaration);
  };
  for (const declaration of declarations) make(declaration);
}
