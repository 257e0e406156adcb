import { sh, Sh, z, type Verifier } from "hawser";
import { assertCertificate } from "hawser/roles/base/certificate";
import { etcdctl, ownEndpoint } from "./client.ts";
import { CERTIFICATE, UNIT } from "./paths.ts";
import { timing, type Vars } from "./vars.ts";

const status = z.array(z.looseObject({ Status: z.looseObject({ leader: z.number(), raftTerm: z.number(), raftIndex: z.number() }) }));
const health = z.array(z.looseObject({ endpoint: z.string(), health: z.boolean(), took: z.string().optional() }));

/** This member, and how many of all answer; a quorum is the majority of them. */
export function assertMember(v: Verifier, vars: Vars, members: number): void {
  const majority = Math.floor(members / 2) + 1;
  const client = (what: string): Sh => sh`${etcdctl(ownEndpoint(vars))} -w json ${Sh.raw(what)} 2>/dev/null || :`;
  v.assert("service", { probe: sh`systemctl is-active ${UNIT} || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: `journalctl -u ${UNIT}` });
  v.assert("leader as this member sees it", {
    probe: client("endpoint status"),
    value: ({ out }) => (status.parse(JSON.parse(out))[0]?.Status.leader === 0 ? "none" : "known"),
    limit: { equals: "known" },
    hint: `no majority is in reach: is port ${vars.peer_port} open between the public addresses? journalctl -u ${UNIT}`,
  });
  v.assert("members that answer", {
    probe: client("endpoint health --cluster"),
    value: ({ out }) => health.parse(JSON.parse(out)).filter((each) => each.health).length,
    unit: "members",
    limit: { min: members },
    hint: `${majority} of ${members} are the quorum; a further loss ${members - 1 > majority ? "is borne" : "stops it"}: look at the one that is missing`,
  });
  v.assert("time in which a majority answers", {
    probe: client("endpoint health"),
    value: ({ out }) => milliseconds(health.parse(JSON.parse(out))[0]?.took),
    unit: "ms",
    limit: { max: timing(vars).election },
    hint: "the round trip is longer than etcd.round_trip_ms says, or a member is short of time or disk",
  });
  assertCertificate(v, CERTIFICATE);
}

/** Of a duration as Go prints it: `84.3ms`, `1.2s`. */
export function milliseconds(took: string | undefined): number | undefined {
  const [, number, unit] = /^([\d.]+)(µs|us|ms|s)$/.exec(took ?? "") ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * (unit === "s" ? 1000 : unit === "ms" ? 1 : 0.001) * 10) / 10;
}

/** What an operator must know of how many members there are. */
export function weaknesses(members: number): readonly string[] {
  if (members === 1) return ["etcd has one member: it is no quorum, and without it nobody gets a lease. Three members in three places survive the loss of one"];
  if (members === 2) return ["etcd has two members, and both are the quorum: when either is lost, or they do not reach one another, no lease is given or renewed. Add a witness in a third place to the group quorum"];
  return members % 2 === 0 ? [`etcd has ${members} members, which survive the loss of ${Math.ceil(members / 2) - 1}, as ${members - 1} would: an even one more adds nothing but another one that can fail`] : [];
}
