/**
 * What the compiler accepts and refuses in roles and playbooks. Nothing here runs: `tsc --noEmit` fails when a line below
 * `@ts-expect-error` compiles, and when any other does not.
 */
import { defineResource, defineRole, fact, lane, late, play, playbook, run, secret, Secret, sh, use, z, type Facts, type Role, type RunEvent, type Tasks, type Value } from "hawser";

/** Compiles only when both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(): T | undefined => undefined;

const proxy = defineRole(import.meta, {
  name: "proxy",
  summary: "A role with everything.",
  vars: z.strictObject({ address: z.ipv4(), port: z.number().int().default(8080), names: z.array(z.string()).optional(), token: secret }),
  facts: ({ vars }) => {
    same<Same<typeof vars.port, number>>();
    return { mtu: fact(sh`cat /sys/class/net/eth0/mtu`, z.coerce.number()), tuned: fact(sh`cat /etc/tuned`, z.enum(["yes", "no"])) };
  },
  exports: { key: z.string(), weight: z.number() },
  tasks({ t, vars, facts, host, peers, members, ...rest }) {
    // Vars are the schema's output: defaults are there.
    same<Same<typeof vars, { address: string; port: number; names?: string[] | undefined; token: Secret }>>();
    // @ts-expect-error there is no such var
    void vars.adress;

    // Facts are the common ones and the role's own, parsed.
    same<Same<typeof facts.mtu, number>>();
    same<Same<typeof facts.tuned, "yes" | "no">>();
    same<Same<typeof facts.family, Facts["family"]>>();
    // @ts-expect-error no fact of that name
    void facts.mtuu;
    // @ts-expect-error a fact is not written
    facts.hostname = "other";

    // Exports of other hosts are late values of the declared type.
    for (const peer of [...peers, ...members]) {
      same<Same<typeof peer.exports.key, Value<string>>>();
      same<Same<typeof peer.exports.weight, Value<number>>>();
      same<Same<typeof peer.vars.port, number>>();
      // @ts-expect-error it exports no such value
      void peer.exports.tokens;
    }
    same<Same<ReturnType<typeof rest.from<typeof counter.vars, typeof counter.exports>>["exports"]["count"], Value<number>>>();
    same<Same<(typeof host)["name"], string>>();

    declareResources(t);
    declareLate(t);
  },
});

const counter = defineRole(import.meta, { name: "counter", summary: "No vars.", vars: z.strictObject({}), exports: { count: z.number() }, tasks: () => {} });

function declareResources(t: Tasks): void {
  const reload = t.handler("reload", sh`true`);
  const [nginx] = t.package("nginx");
  const file = t.file("/etc/a", { content: "a", mode: "0644", needs: nginx ? [nginx, reload] : [], notify: reload });
  t.package(["a", "b"], { state: "absent", needs: [t.package("c"), file], notify: [reload] });
  t.service("nginx");
  t.directory("/srv");
  t.sysctl("net.ipv4.ip_forward", 1);

  // @ts-expect-error no such option
  t.file("/etc/a", { contents: "a" });
  // @ts-expect-error a mode is text
  t.file("/etc/a", { content: "a", mode: 0o644 });
  // @ts-expect-error no such state
  t.service("nginx", { state: "restarted" });
  // @ts-expect-error a handler is a value, not a name
  t.file("/etc/a", { content: "a", notify: "reload" });
  // @ts-expect-error needs are resources and handlers, not ids
  t.file("/etc/a", { content: "a", needs: ["proxy/package:nginx"] });
  // @ts-expect-error the path is given by position
  t.file("/etc/a", { path: "/etc/b", content: "a" });
  // @ts-expect-error a resource is not notified
  t.file("/etc/a", { content: "a", notify: file });
  // @ts-expect-error a check is a command, not text
  t.task("t", { check: "true", apply: sh`true` });
  // @ts-expect-error a task has a check
  t.task("t", { apply: sh`true` });
  // @ts-expect-error no such promise
  t.task("t", { check: sh`true`, apply: sh`true`, predict: "ok" });
  // @ts-expect-error a gate has an end
  t.gate("g", { probe: sh`true` });
  // @ts-expect-error a lane is a value
  t.block("b", { lane: "one" }, () => {});
  t.block("b", { lane: lane("one"), rescue: () => t.restore(file) }, () => {});
}

function declareLate(t: Tasks): void {
  const text = t.read("text", { probe: sh`cat /etc/a` });
  const count = t.read("count", { probe: sh`cat /etc/b`, parse: (out: string) => Number(out) });
  same<Same<typeof text, Value<string>>>();
  same<Same<typeof count, Value<number>>>();
  const line = count.map((n) => `${n.toFixed()}\n`);
  same<Same<typeof line, Value<string>>>();

  t.file("/etc/c", { content: line });
  t.task("t", { check: sh`[ ${count} = 1 ]`, apply: sh`echo ${text}` });
  // @ts-expect-error content is text, not a number
  t.file("/etc/c", { content: count });
  // @ts-expect-error a late value is no promise, and no text
  void text.length;
  // @ts-expect-error the mode is needed at once
  t.file("/etc/c", { content: line, mode: text });
  // @ts-expect-error a secret does not stand in a command
  void sh`login ${new Secret("x")}`;
  void sh`login`.stdin(new Secret("x"));

  // An apply gets what `uses` names, unwrapped.
  t.task("u", {
    check: sh`true`,
    uses: { text, count },
    apply: async ({ $, uses }) => {
      same<Same<typeof uses.text, string>>();
      same<Same<typeof uses.count, number>>();
      // @ts-expect-error it is not among them
      void uses.line;
      await $`echo ${uses.text}`;
    },
  });
  // @ts-expect-error uses are late values
  t.task("u", { check: sh`true`, apply: sh`true`, uses: { text: "plain" } });

  t.given("list", count, (n) => void same<Same<typeof n, number>>());

  // Texts of a kept output are Secrets.
  const keys = t.kept("keys", z.object({ root: z.string(), shares: z.array(z.string()), threshold: z.number() }));
  same<Same<typeof keys.value, Value<{ root: Secret; shares: Secret[]; threshold: number }>>>();
  t.export("key", text);
  // @ts-expect-error an export is a late value, read from the host
  t.export("key", "plain");
}

export const uses = [
  use(proxy),
  use(proxy, { address: "10.0.0.1", token: new Secret("x") }, { as: "second", tags: ["net"] }),
  use(proxy, (host) => ({ ...host.vars(proxy), port: 1 })),
  use(counter, {}),
  // @ts-expect-error address and token are missing
  use(proxy, { port: 1 }),
  // @ts-expect-error a port is a number
  use(proxy, { address: "10.0.0.1", token: new Secret("x"), port: "8080" }),
  // @ts-expect-error no such var
  use(proxy, { address: "10.0.0.1", token: new Secret("x"), prot: 1 }),
  // @ts-expect-error a secret is not text
  use(proxy, { address: "10.0.0.1", token: "x" }),
  // @ts-expect-error a function gives vars, too
  use(proxy, () => ({ port: 1 })),
  // @ts-expect-error counter takes no vars
  use(counter, { count: 1 }),
  // @ts-expect-error no such option
  use(counter, {}, { name: "second" }),
  // @ts-expect-error a role is a value, not a name
  use("counter"),
];

export const anyRole: Role = proxy;

export const site = playbook(import.meta, [
  play({ name: "p", hosts: "all", roles: [use(counter)], serial: [1, "50%"] }),
  // @ts-expect-error a play has hosts
  play({ name: "p" }),
  // @ts-expect-error roles are used, not named
  play({ name: "p", hosts: "all", roles: [counter] }),
  // @ts-expect-error a share ends in %
  play({ name: "p", hosts: "all", serial: "half" }),
]);

// A role has a name, a summary, vars and tasks.
// @ts-expect-error no summary
export const bare = defineRole(import.meta, { name: "bare", vars: z.strictObject({}), tasks: () => {} });

export const pair = defineResource({
  kind: "pair",
  summary: "An own kind.",
  args: z.strictObject({ left: z.string(), right: late(z.number()), force: z.boolean().default(false) }),
  key: ({ left }) => left,
  claims: () => [],
  probe: ({ force }) => (same<Same<typeof force, boolean>>(), sh`true`),
  plan: (_, seen) => (seen.code === 0 ? undefined : { summary: "mend", apply: sh`true` }),
});

export function declareOwn(t: Tasks): void {
  t.add(pair, { left: "a", right: 1 });
  t.add(pair, { left: "a", right: t.read("n", { probe: sh`true`, parse: Number }) }, { retries: 2 });
  // @ts-expect-error right is missing
  t.add(pair, { left: "a" });
  // @ts-expect-error a change has a summary
  defineResource({ ...pair, plan: () => ({ apply: sh`true` }) });
}

export async function library(): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of run(site, { inventory: "inventory/lab", check: true, selection: { tags: ["net"] } })) {
    if (event.event === "resource") same<Same<typeof event.outcome, "ok" | "changed" | "would-change" | "unknown" | "skipped" | "failed" | "rescued">>();
    // @ts-expect-error only some events have an outcome
    void event.outcome;
    events.push(event);
  }
  // @ts-expect-error a run has an inventory
  run(site, { check: true });
  return events;
}
