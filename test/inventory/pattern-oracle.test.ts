import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import test from "node:test";
import * as fc from "fast-check";
import { loadInventory, PatternError, type Inventory } from "../../src/inventory/index.ts";
import { askPatterns, NO_ANSIBLE, type Answer } from "./ansible.ts";
import { directoryOf } from "./fixture.ts";
import { inventories, patterns, type GeneratedPattern, type GeneratedTerm } from "./generate.ts";

const INVENTORIES = 20;
const PATTERNS_EACH = 25;
const SEED = 20_261_128;

/** A pattern with what Ansible says of it, and of each of its terms without operator and subscript. */
interface Case {
  readonly pattern: GeneratedPattern;
  readonly answer: Answer;
  readonly bases: readonly Answer[];
}

/** Every difference that is meant, with its reason. Whatever else differs is a mistake. */
const DIFFERENCES: Readonly<Record<string, { readonly reason: string; readonly when: (of: Case) => boolean }>> = {
  "an unknown name is an error": {
    reason: "Ansible warns and goes on without the term: `web:!typo` then changes all of web",
    when: ({ bases }) => bases.some(isUnknown),
  },
  "no host left is an error": {
    reason: "a play on nobody is a mistake in the pattern, and exit code 0 would hide it",
    when: (of) => composed(of).length === 0,
  },
  "a subscript outside of the hosts, or backwards, is an error": {
    reason: "Ansible cuts [0:9] down, gives nobody for [3:1], and the host 2 for [2:0]",
    when: ({ pattern, bases }) => pattern.terms.some((term, index) => isOutside(term, hostsOf(bases[index]).length)),
  },
  "a subscript counts each host once": {
    reason: "Ansible counts a host again for each group that a glob matches, so *[1] can be the host that *[0] is",
    when: ({ pattern }) => pattern.terms.some(({ base, subscript }) => /[*?[]/.test(base) && subscript !== ""),
  },
  "[:1] is a subscript": {
    reason: "Ansible takes it for a glob of the letters : and 1, although [1:] is a subscript",
    when: ({ pattern }) => pattern.terms.some(({ subscript }) => subscript === "[:1]"),
  },
  "[0-1] at the end is refused": {
    reason: "Ansible takes it for [0:1], with a warning that it has been removed, although a glob may be meant",
    when: ({ pattern }) => pattern.terms.some(isOldSubscript),
  },
  "colons and commas may be mixed": {
    reason: "as soon as there is a comma, Ansible looks for a host that is called a:b",
    when: ({ pattern }) => new Set(pattern.separators.map((separator) => separator.trim())).size > 1,
  },
  "a comma in a regex's brackets belongs to it": {
    reason: String.raw`Ansible cuts ~web\d{1,2} in two`,
    when: ({ pattern }) => pattern.terms.some(({ base }) => base.startsWith("~") && base.includes(",")),
  },
  "an IPv6 address that could as well be shorter or longer is refused": {
    reason: "nobody can tell its colons from those between the terms (2001:db8::1:22, db:fe80::1); Ansible warns of each of its pieces. Commas work",
    when: ({ pattern }) => isAmbiguous(pattern),
  },
  "an IPv6 address may have an operator, and come last among colons": {
    reason: "it is plain what is meant; Ansible cuts it into pieces",
    when: ({ pattern: { terms, separators } }) => terms.at(-1)?.base.includes(":") === true && (separators.includes(":") || terms.at(-1)?.operator !== ""),
  },
  "localhost is not there by itself": {
    reason: "Ansible makes up a host of that name, with a connection of its own, that no inventory shows",
    when: ({ pattern }) => pattern.terms.some(({ base }) => base === "localhost"),
  },
};

/** What hawser says: hosts, or the kind of its error. */
type Ours = readonly string[] | "syntax" | "unknown" | "empty" | "limit";

function select(inventory: Inventory, pattern: string): Ours {
  try {
    return inventory.select(pattern).map(({ name }) => name);
  } catch (error) {
    if (error instanceof PatternError) return error.kind;
    throw error;
  }
}

/** An IPv6 address with a term behind its colons, or before them that reads like a part of it, as `db` does. */
const isAmbiguous = ({ terms, separators }: GeneratedPattern): boolean =>
  terms.some(({ base }, index) => base.includes(":") && (separators[index] === ":" || (separators[index - 1] === ":" && isIPv6(`${terms[index - 1]?.base}:${base}`))));
const isOldSubscript = ({ base, subscript }: GeneratedTerm): boolean => !base.startsWith("~") && /\[\d+-\d*\]$/.test(base + subscript);
const hostsOf = (answer: Answer | undefined): readonly string[] => (answer !== undefined && "hosts" in answer ? answer.hosts : []);
const isUnknown = (answer: Answer): boolean => !("hosts" in answer) || answer.ignored.length > 0;

/** From and to of a subscript over so many hosts. */
function bounds(subscript: string, count: number): readonly [from: number, to: number] {
  const [, at, from, to] = /^\[(?:(-?\d+)|(\d*):(\d*))\]$/.exec(subscript) ?? [];
  if (at !== undefined) return Number(at) < 0 ? [count + Number(at), count + Number(at)] : [Number(at), Number(at)];
  return [Number(from ?? ""), to === undefined || to === "" ? Math.max(count - 1, Number(from ?? "")) : Number(to)];
}

function isOutside(term: GeneratedTerm, count: number): boolean {
  const { subscript } = term;
  if (subscript === "" || isOldSubscript(term)) return false;
  const [from, to] = bounds(subscript, count);
  return from < 0 || from > to || to >= count;
}

/** The hosts of the whole pattern, out of Ansible's for its terms. */
function composed({ pattern, bases }: Case): string[] {
  const chosen = pattern.terms.map(({ operator, subscript }, index) => {
    const hosts = hostsOf(bases[index]);
    const [from, to] = subscript === "" ? [0, hosts.length - 1] : bounds(subscript, hosts.length);
    return { operator, hosts: hosts.slice(Math.max(from, 0), to + 1) };
  });
  const of = (operator: string): (readonly string[])[] => chosen.filter((term) => term.operator === operator).map(({ hosts }) => hosts);
  const added = of("").length === 0 ? hostsOf(bases.at(-1)) : of("").flat();
  return [...new Set(added)].filter((name) => of("&").every((hosts) => hosts.includes(name)) && !of("!").some((hosts) => hosts.includes(name)));
}

/** What hawser has to say, by Ansible's answers for the terms and the rules of docs/inventory.md. Of several errors any may come first. */
function expected(of: Case): Ours | readonly Ours[] {
  const { pattern, bases } = of;
  const errors = new Set<Ours>();
  for (const [index, term] of pattern.terms.entries()) {
    if (term.base === "localhost" || isUnknown(bases[index] ?? { error: "" })) errors.add("unknown");
    else if (isOutside(term, hostsOf(bases[index]).length)) errors.add("syntax");
  }
  if (pattern.terms.some(isOldSubscript)) errors.add("syntax");
  if (isAmbiguous(pattern)) errors.add("syntax").add("unknown");
  if (errors.size > 0) return [...errors];
  const hosts = composed(of);
  return hosts.length === 0 ? "empty" : hosts;
}

void test(`${INVENTORIES * PATTERNS_EACH} generated patterns over ${INVENTORIES} generated inventories give ansible-core's hosts in its order`, { skip: NO_ANSIBLE }, async () => {
  const generated = fc.sample(inventories, { numRuns: INVENTORIES, seed: SEED }).map((inventory, index) => ({
    inventory,
    path: join(directoryOf({ "hosts.yml": inventory.yaml }), "hosts.yml"),
    patterns: fc.sample(patterns(inventory), { numRuns: PATTERNS_EACH, seed: SEED + index }),
  }));
  // For each pattern: itself, each of its terms alone, and `all`.
  const answers = askPatterns(generated.map(({ path, patterns: list }) => ({ inventory: path, patterns: list.flatMap(({ text, terms }) => [text, ...terms.map(({ base }) => [base]), ["all"]]) })));

  const used = new Map<string, number>();
  let same = 0;
  for (const [index, { path, patterns: list, inventory: source }] of generated.entries()) {
    const inventory = await loadInventory(path);
    const rest = [...(answers[index] ?? [])];
    for (const pattern of list) {
      const [answer, ...bases] = rest.splice(0, pattern.terms.length + 2);
      assert.ok(answer);
      const of: Case = { pattern, answer, bases };
      const ours = select(inventory, pattern.text);
      const wanted = expected(of);
      const about = `${pattern.text}\nAnsible: ${JSON.stringify(answer)}\nhawser: ${JSON.stringify(ours)}\n${source.yaml}`;
      if (typeof ours === "string") assert.ok(wanted === ours || wanted.includes(ours), `expected ${JSON.stringify(wanted)} of ${about}`);
      else assert.deepEqual(ours, wanted, about);

      if (!isUnknown(answer) && typeof ours !== "string" && ours.join() === hostsOf(answer).join()) same += 1;
      else {
        const reasons = Object.entries(DIFFERENCES).filter(([, { when }]) => when(of));
        assert.notEqual(reasons.length, 0, `no reason to differ: ${about}`);
        for (const [name] of reasons) used.set(name, (used.get(name) ?? 0) + 1);
      }
    }
    assert.deepEqual(rest, []);
  }
  assert.ok(same >= 250, `only ${same} of the patterns give hosts, and the same as Ansible's`);
  assert.deepEqual(Object.keys(DIFFERENCES).filter((name) => !used.has(name)), [], "a difference that no pattern shows");
});
