import { defineRole, sh, UsageError, z, type Facts, type Verifier } from "hawser";

const PROGRAM = "/usr/local/lib/hawser-echo/echo.py";
const CLIENT = "/usr/local/bin/hawser-echo";
const UNIT = "hawser-echo";

const schema = z.strictObject({
  address: z.ipv4().default("127.0.0.1").describe("Address on which it listens, in the clear."),
  port: z.number().int().min(1).max(65535).default(50051).describe("Port on which it listens."),
  region: z.string().regex(/^[\w.-]{1,60}$/, "letters, digits, dots, dashes and underscores").optional().describe("What it says of its region. Default: the host's."),
  threads: z.number().int().min(1).max(1000).default(32).describe("Calls that it serves at a time."),
  through: z.string().regex(/^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/, "ADDRESS:PORT, such as 127.0.0.1:15051").optional().describe("`verify`: where this host's Envoy offers the service, to ask it there too."),
});

export const echo = defineRole(import.meta, {
  name: "echo",
  summary: "A small gRPC service with the health protocol, and a client of curl: something real to send through a mesh.",
  vars: schema,
  listens: ({ vars }) => [{ port: vars.port, protocol: "tcp", address: vars.address, what: "callers", var: ["port"] }],
  tasks({ t, vars, facts, host }) {
    refuseSystem(facts, host.name);
    // The demonstration alone needs Python on a host; nothing else of hawser does.
    const packages = [...t.package("python3-grpcio", { ...(facts.family === "debian" && { recommends: false }) }), ...t.package("curl")];
    const restart = t.handler("restart echo", sh`systemctl daemon-reload
systemctl try-restart ${UNIT}`);
    const reload = t.handler("read units", sh`systemctl daemon-reload`);
    const folder = t.directory("/usr/local/lib/hawser-echo", { mode: "0755", parents: true });
    const program = t.file(PROGRAM, { source: "echo.py", mode: "0644", needs: [folder], notify: restart });
    t.file(CLIENT, { source: "hawser-echo", mode: "0755" });
    const names = { program: PROGRAM, host: host.name, region: regionOf(vars, host.region), listen: `${vars.address}:${vars.port}`, threads: vars.threads };
    const unit = t.template(`/etc/systemd/system/${UNIT}.service`, "hawser-echo.service.ejs", names, { mode: "0644", notify: [reload, restart] });
    t.service(UNIT, { state: "running", enabled: true, needs: [...packages, program, unit, reload] });
    t.flush();
    t.gate("echo answers", { probe: sh`${CLIENT} ${names.listen} gate >/dev/null 2>&1`, within: 30, every: 0.5 });
  },
  drill({ d, vars }) {
    // A call has no effect that could be looked for later: an answer is all that was asked for.
    if (vars.through !== undefined) d.writes("gRPC calls", { write: sh`case $(HAWSER_ECHO_TIMEOUT=5 ${CLIENT} ${vars.through} "$key") in "$key "*) ;; *) exit 1 ;; esac` });
  },
  verify({ v, vars, host }) {
    const listen = `${vars.address}:${vars.port}`;
    const region = regionOf(vars, host.region);
    assertAnswer(v, "answer", listen, (out) => out, `hello ${host.name} ${region}`);
    // Any host of the region may have answered.
    if (vars.through !== undefined) assertAnswer(v, "region that answers through the mesh", vars.through, (out) => out.split(" ")[2] ?? out, region);
  },
});

const regionOf = ({ region }: { readonly region?: string | undefined }, hosts: string): string => region ?? (hosts === "" ? "none" : hosts);

function assertAnswer(v: Verifier, name: string, to: string, value: (out: string) => string, expected: string): void {
  v.assert(name, { probe: sh`${CLIENT} ${to} hello 2>/dev/null || :`, value: ({ out }) => value(out.trim()) || "no answer", limit: { equals: expected }, hint: `journalctl -u ${UNIT}` });
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`echo serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  // A dynamic user needs systemd 235, and the client a curl that speaks HTTP/2.
  if (facts.family === "el" && facts.os.major === 7) throw new UsageError(`${facts.os.name} (${host}) has neither grpcio for Python 3 nor a curl that speaks HTTP/2`, { hint: "leave the host out of the play: it is a demonstration" });
}
