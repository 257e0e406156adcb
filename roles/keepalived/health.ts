import { sh, type Verifier } from "hawser";
import { FOLDER, isPreferred, RUN, takesAfter, UNIT } from "./plan.ts";
import type { End } from "./refuse.ts";

/** That one host has the address, that its lease is fresh, and that the others wait for it. */
export function assertHolder(v: Verifier, own: End, peers: readonly End[]): void {
  const { vars } = own;
  v.total(`hosts that have ${vars.vip}`, {
    probe: sh`ip -4 -o addr show to ${`${vars.vip}/32`}`,
    value: ({ out }) => (out.includes(vars.vip) ? 1 : 0),
    unit: "hosts",
    limit: { equals: 1 },
    hint: `0: journalctl -u ${UNIT} -u keepalived on each gateway; 2: somebody added it by hand, since the lease gives it to one`,
  });
  v.assert("keepalived", { probe: sh`systemctl is-active keepalived || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: "journalctl -u keepalived" });
  if (vars.witness === undefined) {
    v.assert(`${vars.vip} by configuration`, {
      probe: sh`ip -4 -o addr show dev lo to ${`${vars.vip}/32`}`,
      value: ({ out }) => (out.includes(vars.vip) ? "here" : "elsewhere"),
      limit: { equals: isPreferred(own, peers) ? "here" : "elsewhere" },
      hint: "the gateway with the highest keepalived.priority has it",
    });
    return;
  }
  v.assert("the lease's daemon", { probe: sh`systemctl is-active ${UNIT} || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: `journalctl -u ${UNIT}` });
  v.total("hosts that have the lease", {
    probe: sh`sh ${`${FOLDER}/check-lease.sh`} held && echo yes`,
    value: ({ out }) => (out.includes("yes") ? 1 : 0),
    unit: "hosts",
    limit: { equals: 1 },
    hint: `0: is there a majority of the quorum? see role etcd; journalctl -u ${UNIT}`,
  });
  v.assert("lease and address go together", {
    // Twice, since the address comes a moment after the lease.
    probe: sh`for n in 1 2 3; do
if sh ${`${FOLDER}/check-lease.sh`} held; then l=lease; else l=none; fi
if ip -4 -o addr show dev lo to ${`${vars.vip}/32`} | grep -q .; then a=address; else a=none; fi
case $l-$a in lease-address|none-none) break ;; esac
sleep ${Math.ceil(takesAfter(vars))}
done; echo $l-$a`,
    value: ({ out }) => (["lease-address", "none-none"].includes(out.trim()) ? "both or neither" : out.trim().replace("-", " and ")),
    limit: { equals: "both or neither" },
    hint: "journalctl -u keepalived: a check of keepalived.checks may fail",
  });
  v.total("lifetime of the address", {
    probe: sh`ip -4 -o addr show dev lo to ${`${vars.vip}/32`}`,
    value: ({ out }) => (out.trim() === "" ? 0 : Number(/valid_lft (\d+)sec/.exec(out)?.[1] ?? Number.POSITIVE_INFINITY)),
    unit: "s",
    limit: { min: 1, max: vars.lease_ttl - 1 },
    hint: `for ever: somebody added it by hand; ip addr del ${vars.vip}/32 dev lo, and the daemon adds it as it must be`,
  });
  v.total("time left of the lease", {
    probe: sh`if read -r e _ <${`${RUN}/lease`}; then read -r u _ </proc/uptime; u=\${u%.*}\${u#*.}; echo $((e - u)); else echo 0; fi 2>/dev/null`,
    value: ({ out }) => Number(out.trim()) / 100,
    unit: "s",
    limit: { min: 0.5, max: vars.lease_ttl - 1 },
    hint: "renewals come late: is the host or its member of the quorum short of time? see role etcd, time in which a majority answers",
  });
}
