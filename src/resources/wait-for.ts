import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { path } from "./args.ts";
import { defineResource, PlanError, type Prediction } from "./contract.ts";
import { shellValue } from "./task.ts";

/** Seconds that one attempt to connect may take. */
const CONNECT = 2;

const args = z
  .strictObject({
    /** What is waited for, in a word; the id. */
    name: z.string().min(1),
    /** Alone: something on this host listens on the TCP port, on any address. With host: a connection from here to there succeeds. */
    port: z.number().int().min(1).max(65535).optional(),
    /** Where the port is. Default: the host itself, where listening is enough. */
    host: z.string().regex(/^[\w.:-]+$/, "a name or an address").optional(),
    /** Something is at the path. */
    path: path.optional(),
    /** Read-only; exit 0 means yes. */
    command: shellValue.optional(),
    state: z.enum(["present", "absent"]).default("present"),
    /** Seconds until waiting is a failure. */
    timeout: z.number().positive().default(60),
    /** Seconds between looks. */
    every: z.number().positive().default(1),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if ([value.port, value.path, value.command].filter((given) => given !== undefined).length !== 1) complain("give one of port, path and command");
    if (value.host !== undefined && value.port === undefined) complain("host goes with port");
  });

type Args = z.output<typeof args>;

/** Exit 0 when the condition holds, 1 when not, anything else when it cannot be told. */
function condition(args: Args): Sh {
  if (args.path !== undefined) return sh`[ -e ${args.path} ]`;
  if (args.command !== undefined) return Sh.lines("(", args.command, ")");
  return args.host === undefined ? listens(args.port ?? 0) : connects(args.host, args.port ?? 0);
}

/** The kernel's own tables need neither ss nor netstat: state 0A listens, and the port is in hexadecimal. */
function listens(port: number): Sh {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return Sh.raw(`cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q '^ *[0-9]*: [0-9A-F]*:${hex} [0-9A-F]*:0000 0A '`);
}

/** bash connects by itself and is on nearly every host; curl, then nc, stand in for it. Those two stay until the other side says something: what had to be ended was connected. */
function connects(host: string, port: number): Sh {
  return Sh.lines(
    sh`h=${host} p=${port}`,
    Sh.raw(`if command -v bash >/dev/null; then timeout ${CONNECT} bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$h" "$p" 2>/dev/null || false
elif command -v curl >/dev/null; then
curl -s --connect-timeout ${CONNECT} --max-time ${CONNECT} -o /dev/null "telnet://$h:$p" </dev/null
case $? in 0 | 28) ;; *) false ;; esac
elif command -v nc >/dev/null; then
timeout ${CONNECT + 1} nc -w ${CONNECT} "$h" "$p" </dev/null >/dev/null 2>&1
case $? in 0 | 124 | 143) ;; *) false ;; esac
else echo 'none of bash, curl and nc is there to connect with' >&2; exit 2; fi`),
  );
}

function holds(args: Args): Sh {
  return Sh.lines("hold() {", condition(args), "}", args.state === "present" ? "hold" : "if hold; then false; else [ $? -eq 1 ]; fi");
}

export const waitFor = defineResource({
  kind: "wait-for",
  summary: "Waits, on the host, until a port, a file or a command says yes (or no).",
  args,
  compares: "code",
  waits: true,
  key: (args) => args.name,
  claims: () => [],
  probe: holds,
  plan(args, seen) {
    if (seen.code === 0) return undefined;
    if (seen.code === 2 && args.port !== undefined) throw new PlanError(seen.err.trim(), "install curl");
    return {
      summary: `wait up to ${args.timeout} s`,
      apply: Sh.lines("ready() (", holds(args), ")", Sh.raw(`end=$(($(date +%s) + ${Math.ceil(args.timeout)}))
until ready >/dev/null 2>&1; do
if [ "$(date +%s)" -ge "$end" ]; then echo 'not so after ${args.timeout} s' >&2; ready >&2 || :; exit 1; fi
sleep ${args.every}
done`)),
    };
  },
  predict(args, seen, upstream): Prediction {
    if (seen.code === 0) return { outcome: "ok" };
    const unknown = upstream.find((up) => up.outcome === "unknown");
    return unknown ? { outcome: "unknown", cause: `${unknown.id} is unknown` } : { outcome: "would-change", change: { summary: `wait up to ${args.timeout} s` } };
  },
});
