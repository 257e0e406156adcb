import { defineRole, fact, sh, UsageError, z } from "hawser";
import { declareAuthority } from "./declare.ts";
import { lookAtAuthority, parseSeen, type Trusted } from "./authority.ts";
import { assertAuthority, assertLeaf } from "./health.ts";
import { refuseOwn } from "./own.ts";
import { LEAVES } from "./paths.ts";
import { parseTold, TELL, type Told } from "./record.ts";
import { schema } from "./vars.ts";

/** What all hosts have to say alike. */
const ALIKE = ["host", "name", "generation", "days", "leaf_days", "keep"] as const;

export const ca = defineRole(import.meta, {
  name: "ca",
  summary: "A certificate authority of the system's own: hosts make their keys, one host signs, and another CA takes its place without a cut.",
  vars: schema,
  facts: ({ vars }) => ({
    openssl: fact(sh`if command -v openssl >/dev/null; then echo yes; else echo no; fi`, z.enum(["yes", "no"])),
    authority: fact(lookAtAuthority(vars), z.string().transform(parseSeen)),
    leaves: fact(sh`ls ${LEAVES} 2>/dev/null || :`, z.string().transform((out) => out.split("\n").filter((name) => name !== ""))),
  }),
  exports: {
    /** On the CA's host: certificates that are to be trusted, the one that signs first. */
    authority: z.custom<readonly Trusted[]>(),
    /** What the host's certificates are signed by, and what is trusted beside them. */
    leaves: z.custom<readonly Told[]>(),
  },
  validate({ vars, host, peers }) {
    if (vars.own) refuseOwn(host, vars.own);
    for (const peer of peers) {
      for (const name of ALIKE) {
        if (vars[name] !== peer.vars[name]) throw new UsageError(`ca.${name} is ${vars[name] ?? "not said"} on ${host.name} and ${peer.vars[name] ?? "not said"} on ${peer.host.name}`, { source: host.at("ca", name), hint: "say it once, for the group all" });
      }
    }
    if (vars.host !== undefined && ![host.name, ...peers.map((peer) => peer.host.name)].includes(vars.host)) throw new UsageError(`ca.host is ${vars.host}, which does not use the role ca in this playbook`, { source: host.at("ca", "host"), hint: `use(ca) on it too, as playbooks/ca.ts does for all hosts; those that do: ${[host, ...peers.map((peer) => peer.host)].map(({ name }) => name).sort().join(", ")}` });
  },
  tasks({ t, vars, facts, host, members }) {
    const packages = facts.openssl === "yes" ? [] : t.package("openssl");
    t.directory(LEAVES, { mode: "0755" });
    t.export("leaves", t.read("certificates of the host", { probe: TELL, parse: parseTold }));
    if (vars.host === host.name) declareAuthority({ t, vars, seen: facts.authority, members, needs: packages });
  },
  verify({ v, vars, facts, host }) {
    if (vars.host !== undefined) assertAuthority(v, vars, facts.authority, vars.host === host.name);
    for (const name of facts.leaves) assertLeaf(v, name, vars);
  },
});
