import { createHash } from "node:crypto";
import { HawserError, sh, Sh, type ResourceNode, type Tasks } from "hawser";
import { NATIVE_FILES, RELOADS, type Platform } from "./platform.ts";

/** What was confirmed last; what is armed now, and how to take it back. */
const CONFIRMED = "/var/lib/hawser/gre/confirmed";
const GUARD = "/run/hawser-gre";
const UNIT = "hawser-gre-revert";

export interface Guarded {
  /** Whatever the change consists of, as text: another text is another change. */
  readonly what: string;
  /** Exits 0 when nothing of it is to be done. */
  readonly settled: Sh;
  readonly names: readonly string[];
  readonly conf: string;
  readonly script: string;
  readonly rules: readonly string[];
  readonly platform: Platform;
  /** Seconds until the host takes the change back. */
  readonly within: number;
}

const digestOf = ({ what }: Guarded): string => createHash("sha256").update(what).digest("hex");

/** Firewall rules of hawser, and what loads them. */
const [RULES, LOADER] = ["/etc/hawser/firewall.rules", "/etc/hawser/firewall-load"];

/**
 * Before rules or routes change: saves what there is, and starts a timer on the host that puts it back. Nothing is armed for
 * what was confirmed before and still is as it was.
 */
export function arm(t: Tasks, guarded: Guarded, needs: readonly (readonly ResourceNode[])[]): ResourceNode {
  const digest = digestOf(guarded);
  const settled = Sh.lines(
    sh`[ "$(cat ${CONFIRMED} 2>/dev/null)" = ${digest} ]`,
    ...guarded.rules.map((rule) => sh`&& awk -v n=${rule} '$2 == n { f = 1 } END { exit !f }' ${RULES} 2>/dev/null`),
    sh`&& (${guarded.settled})`,
  );
  return t.task("save what rules and routes there are", {
    check: sh`{ ${Sh.raw(joined(settled))}; } >/dev/null 2>&1 || [ "$(cat ${`${GUARD}/armed`} 2>/dev/null)" = ${digest} ] || exit 1`,
    apply: Sh.lines(
      sh`g=${GUARD}`,
      disarm,
      sh`umask 077
mkdir -p "$g"
: >"$g/files"
for f in ${RULES} ${guarded.conf} ${Sh.raw(NATIVE_FILES.join(" "))}; do if [ -e "$f" ]; then printf '%s\n' "$f" >>"$g/files"; fi; done
if [ -s "$g/files" ]; then tar -cf "$g/files.tar" -T "$g/files" 2>/dev/null; fi
for n in ${guarded.names}; do if ip link show dev "$n" >/dev/null 2>&1; then echo "$n"; fi; done >"$g/links"
printf '%s' ${revertText(guarded)} >"$g/revert"
if [ -d /run/systemd/system ]; then systemctl reset-failed ${`${UNIT}.service`} 2>/dev/null || :
systemd-run --quiet --unit=${UNIT} /bin/sh -c ${`sleep ${guarded.within}; exec /bin/sh ${GUARD}/revert`}
else setsid /bin/sh -c ${`sleep ${guarded.within}; exec /bin/sh ${GUARD}/revert`} >/dev/null 2>&1 </dev/null &
echo $! >"$g/pid"; fi
printf '%s' ${digest} >"$g/armed"`,
    ),
    summary: `save, and take changes back after ${guarded.within} s`,
    needs,
  });
}

/** Ends the timer, and nothing else. */
const disarm = sh`systemctl stop ${`${UNIT}.service`} 2>/dev/null || :
if [ -e "$g/pid" ]; then kill -- -"$(cat "$g/pid")" 2>/dev/null || :; fi
rm -rf "$g"`;

/** One line of a list of conditions. */
const joined = (conditions: Sh): string => conditions.render().replaceAll("\n&&", " &&");

function revertText({ names, conf, script, platform }: Guarded): string {
  const reload = RELOADS[platform]?.render() ?? ":";
  return `# Takes back a change of hawser's that nobody confirmed.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
g=${GUARD}
rm -f ${RULES} ${conf} ${NATIVE_FILES.join(" ")}
if [ -e "$g/files.tar" ]; then tar -xf "$g/files.tar" -C /; fi
if [ -e ${LOADER} ]; then sh ${LOADER}; fi
for n in ${names.join(" ")}; do grep -qx "$n" "$g/links" || ip link del dev "$n" 2>/dev/null; done
${reload}
if [ -e ${conf} ]; then sh ${script} up; fi
logger -t hawser 'rules and routes of the tunnels were put back: no controller confirmed the change' 2>/dev/null
rm -rf "$g"
`;
}

/** After the change: reaches the host by a new connection, and only then ends the timer. */
export function confirm(t: Tasks, guarded: Guarded, needs: readonly ResourceNode[]): ResourceNode {
  const digest = digestOf(guarded);
  return t.task("confirm rules and routes", {
    check: sh`[ "$(cat ${CONFIRMED} 2>/dev/null)" = ${digest} ] && ! [ -e ${`${GUARD}/armed`} ] || exit 1`,
    apply: async (tools) => {
      await tools.reconnect(guarded.within);
      const done = await tools.sh(sh`g=${GUARD}
[ "$(cat "$g/armed" 2>/dev/null)" = ${digest} ] || exit 3
${disarm}
mkdir -p -m 755 ${CONFIRMED.slice(0, CONFIRMED.lastIndexOf("/"))}
printf '%s' ${digest} >${CONFIRMED}`);
      if (done.code !== 0) throw new HawserError(`the change of rules and routes was not confirmed in ${guarded.within} s, and the host has put back what there was`, { hint: "journalctl -t hawser on the host; run again, with a longer gre.confirm_within if the host is slow", stderr: done.err });
    },
    summary: "reached by a new connection",
    predict: "runs",
    needs,
  });
}
