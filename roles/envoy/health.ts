import { createHash } from "node:crypto";
import { sh, Sh, yamlText, type Verifier } from "hawser";
import { assertCertificate } from "hawser/roles/base/certificate";
import { bootstrapOf, resourcesOf, watchedOf } from "./bootstrap.ts";
import { difference, runningOf, stateOf } from "./dump.ts";
import { endpointsOf, meshName, waysTo, type End, type Way } from "./mesh.ts";
import { CERTIFICATE, CONFIG, HEADING, KEY, TRUSTED, UNIT } from "./paths.ts";
import type { Vars } from "./vars.ts";

/** Envoy itself, what it runs with, every endpoint as it sees it, and calls by each way. */
export function assertMesh(v: Verifier, own: End, peers: readonly End[]): void {
  assertProcess(v, own, peers);
  for (const name of Object.keys(own.vars.services)) {
    assertEndpoints(v, own, peers, name);
    assertCall(v, own, name);
  }
  for (const peer of peers) assertWays(v, own, peer);
  assertCertificate(v, CERTIFICATE);
}

const admin = ({ vars }: End, what: string): Sh => sh`curl -s --max-time 10 ${`http://127.0.0.1:${vars.admin_port}/${what}`} || :`;

function assertProcess(v: Verifier, own: End, peers: readonly End[]): void {
  v.assert("ready", { probe: admin(own, "ready"), value: ({ out }) => out.trim() || "no answer", limit: { equals: "LIVE" }, hint: `journalctl -u ${UNIT}` });
  v.assert("administration listens on", {
    probe: sh`ss -Hltn ${`sport = :${own.vars.admin_port}`} || :`,
    value: ({ out }) => [...new Set(out.trim().split("\n").map((line) => line.trim().split(/\s+/)[3]?.replace(/:\d+$/, "") ?? "nothing"))].join(" "),
    limit: { equals: "127.0.0.1" },
    hint: "who reaches it can stop Envoy and read its configuration: hawser run puts it back",
  });
  const file = yamlText(bootstrapOf(own, peers), HEADING);
  v.assert("configuration file", {
    probe: sh`sha256sum <${CONFIG} || :`,
    value: ({ out }) => (out.startsWith(createHash("sha256").update(file).digest("hex")) ? "as declared" : out.trim() === "" ? "missing" : "another one"),
    limit: { equals: "as declared" },
    hint: "hawser run --check --diff shows what differs",
  });
  const expected = own.vars.xds === "filesystem" ? watchedOf(own, peers).resources : resourcesOf(own, peers);
  v.assert("running configuration", {
    probe: admin(own, "config_dump"),
    value: ({ out }) => difference(expected, runningOf(out)) ?? "as declared",
    limit: { equals: "as declared" },
    hint: `it was not taken over: systemctl reload ${UNIT}`,
  });
}

const WORDS: Readonly<Record<Way, string>> = { local: "in the region", tunnel: "by the tunnel", public: "by the public address" };

/** As this host's Envoy sees them: what it holds for healthy would take a call. */
function assertEndpoints(v: Verifier, own: End, peers: readonly End[], name: string): void {
  const endpoints = endpointsOf(own, peers, name);
  for (const [i, { address, port, way, peer }] of endpoints.entries()) {
    const where = peer === undefined ? `its target ${address}:${port}` : `${peer} ${WORDS[way]}`;
    const shown = endpoints.findIndex((other) => other.address === address && other.port === port);
    if (shown !== i) continue;
    v.assert(`${name}: ${where}`, {
      probe: admin(own, "clusters?format=json"),
      value: ({ out }) => stateOf(out, name, address, port),
      limit: { equals: "healthy" },
      hint: peer === undefined ? "is the service up, and does it speak grpc.health.v1?" : way === "tunnel" ? `is the tunnel up, and ${peer}'s own ${name}?` : `is ${peer}'s port open to this host's address, and its own ${name} up?`,
      ...(peer !== undefined && way !== "local" && { link: peer }),
    });
  }
}

/** The health of a service, asked through Envoy as any client of this host would. */
function assertCall(v: Verifier, { vars }: End, name: string): void {
  const { port } = vars.services[name] as Vars["services"][string];
  v.assert(`${name}: a call from this host`, {
    probe: call(name, sh`--http2-prior-knowledge ${`http://${vars.listen}:${port}`}`, vars, name),
    value: ({ out }) => answerOf(out).status,
    limit: { equals: "SERVING" },
    hint: "no endpoint of it is healthy, in any region",
  });
}

/** To the peer's own end, by each way there is, with this host's certificate: whatever this host's Envoy would choose now. */
function assertWays(v: Verifier, own: End, peer: End): void {
  const name = Object.entries(peer.vars.services).find(([service, { targets }]) => targets.length > 0 && service in own.vars.services)?.[0];
  if (name === undefined) return;
  for (const { way, address } of waysTo(own, peer)) {
    const at = `${meshName(peer.host.name)}:${peer.vars.mesh_port}`;
    v.assert(`a call of ${name} to ${peer.host.name} ${WORDS[way]}`, {
      probe: call(name, sh`--http2 --cert ${CERTIFICATE} --key ${KEY} --cacert ${TRUSTED} --connect-to ${`${at}:${address}:${peer.vars.mesh_port}`} ${`https://${at}`}`, own.vars, name),
      value: ({ out }) => (answerOf(out).status === "SERVING" ? answerOf(out).ms : undefined),
      unit: "ms",
      limit: { max: own.vars.answer_ms },
      hint: `is port ${peer.vars.mesh_port} of ${peer.host.name} open to this host, are both certificates good, and is ${name} up there?`,
      ...(way !== "local" && { link: peer.host.name }),
    });
  }
}

/** grpc.health.v1.Health/Check by curl: five bytes of frame, and the name as field 1 where there is one. Prints headers, trailers, body and time. */
function call(name: string, to: Sh, vars: Vars, authority: string): Sh {
  const asked = vars.services[name]?.health_check.service_name ?? "";
  const message = asked === "" ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, asked.length]), Buffer.from(asked)]);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  const octal = [...frame].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  return sh`f=$(mktemp)
printf ${octal} | curl -s --max-time 5 -o "$f" -D - -w 'seconds %{time_total}\n' -H 'content-type: application/grpc' -H 'te: trailers' -H ${`host: ${authority}`} --data-binary @- ${to}/grpc.health.v1.Health/Check || :
printf 'body '; od -An -v -tx1 <"$f" | tr -d ' \n'; echo
rm -f "$f"`;
}

const STATUS: Readonly<Record<string, string>> = { "0800": "UNKNOWN", "0801": "SERVING", "0802": "NOT_SERVING", "0803": "SERVICE_UNKNOWN" };

/** What a call was answered: the service's health, or what gRPC says in its place. */
export function answerOf(out: string): { readonly status: string; readonly ms: number } {
  const field = (pattern: RegExp): string => pattern.exec(out)?.[1] ?? "";
  const ms = Math.round(Number(field(/^seconds ([\d.]+)$/m)) * 1000);
  const code = field(/^grpc-status: (\d+)/im);
  if (code !== "0") return { status: code === "" ? "no answer" : `grpc-status ${code}${field(/^grpc-message: (.+?)\r?$/im).replace(/^/, " ")}`.trim(), ms };
  return { status: STATUS[field(/^body [0-9a-f]{10}([0-9a-f]*)$/m) || "0800"] ?? "unreadable", ms };
}
