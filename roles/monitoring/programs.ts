import { UsageError, type Facts, type ResourceNode, type Tasks } from "hawser";
import { DATA } from "./paths.ts";
import type { Program, Vars } from "./vars.ts";

/** Where artifacts are unpacked, each in a folder of its own. */
const OPT = "/opt/hawser-monitoring";

/** A program of Prometheus' family, under the names that Debian gives its packages and units. */
interface Known {
  /** Package and unit. */
  readonly unit: string;
  /** The programs in an artifact, which are called otherwise in Debian. */
  readonly binaries: Readonly<Record<string, string>>;
  /** Who runs it. Default: prometheus. */
  readonly user?: string;
  /** What the unit needs beside what all have. */
  readonly service?: string;
}

const RELOADS = "ExecReload=/bin/kill -HUP $MAINPID\n";

const KNOWN: Readonly<Record<Program, Known>> = {
  prometheus: { unit: "prometheus", binaries: { prometheus: "prometheus", promtool: "promtool" }, service: `${RELOADS}LimitNOFILE=65536\n` },
  alertmanager: { unit: "prometheus-alertmanager", binaries: { alertmanager: "prometheus-alertmanager", amtool: "amtool" }, service: RELOADS },
  node_exporter: { unit: "prometheus-node-exporter", binaries: { node_exporter: "prometheus-node-exporter" } },
  blackbox_exporter: { unit: "prometheus-blackbox-exporter", binaries: { blackbox_exporter: "prometheus-blackbox-exporter" }, service: RELOADS },
  postgres_exporter: { unit: "prometheus-postgres-exporter", binaries: { postgres_exporter: "prometheus-postgres-exporter" } },
  // FRR's sockets are its own user's.
  frr_exporter: { unit: "prometheus-frr-exporter", user: "frr", binaries: { frr_exporter: "prometheus-frr-exporter" } },
};

export const unitOf = (program: Program): string => KNOWN[program].unit;

export interface Context {
  readonly t: Tasks;
  readonly vars: Vars;
  readonly facts: Facts;
  readonly host: string;
  /** What artifacts need before they can be unpacked; nothing where all comes from packages. */
  readonly ground: readonly ResourceNode[];
}

/** The user that Debian's packages make, and what unpacks. */
export function declareGround(t: Tasks, facts: Facts): readonly ResourceNode[] {
  const tools = t.package(["tar", "gzip", ...(facts.family === "debian" ? ["ca-certificates"] : [])]);
  const account = t.user("prometheus", { system: true, shell: "/usr/sbin/nologin", home: DATA });
  return [...tools, account, t.directory(DATA, { owner: "prometheus", group: "prometheus", mode: "0755", needs: [account] })];
}

/** Whether the system's own packages have it. */
function packaged({ family, os }: Facts, program: Program): boolean {
  if (family !== "debian") return false;
  return os.id === "ubuntu" ? os.major >= (program === "frr_exporter" ? 23 : 22) : os.major >= 12;
}

/** Installs a program with its unit, which does not run yet. @throws UsageError where it can come from nowhere */
export function install(cx: Context, program: Program): readonly ResourceNode[] {
  const { t, vars, facts, host, ground } = cx;
  const { unit, user = "prometheus", binaries, service = "" } = KNOWN[program];
  const artifact = vars.artifacts[program];
  if (artifact === undefined) {
    if (!packaged(facts, program)) throw new UsageError(`${facts.os.name || "its system"} (${host}) packages no ${program}`, { hint: `monitoring.artifacts.${program}: { url, sha256 } of a release as a tar.gz${program === "frr_exporter" || program === "postgres_exporter" ? `, or monitoring.${program}: false` : ""}` });
    // What node_exporter's recommends is python, IPMI, SMART and NVMe, for metrics that the role has no use for.
    return t.package(unit, { recommends: false });
  }
  const folder = `${OPT}/${program}`;
  const into = t.directory(folder, { mode: "0755", parents: true });
  const unpacked = t.archive(folder, { ...artifact, name: program, strip: 1, creates: program, needs: [...ground, into] });
  const links = Object.entries(binaries).map(([binary, name]) => t.symlink(`/usr/local/bin/${name}`, `${folder}/${binary}`, { force: true, needs: [unpacked] }));
  return [unpacked, ...links, t.unit(unit, { content: unitText(unit, user, service), needs: [unpacked] })];
}

/** As Debian's packages have them: arguments come from /etc/default. */
const unitText = (unit: string, user: string, service: string): string => `[Unit]
Description=${unit}, unpacked by hawser
After=network-online.target
Wants=network-online.target

[Service]
User=${user}
EnvironmentFile=/etc/default/${unit}
ExecStart=/usr/local/bin/${unit} $ARGS
Restart=on-failure
RestartSec=2
NoNewPrivileges=true
ProtectSystem=full
${service}
[Install]
WantedBy=multi-user.target
`;

/** Arguments of a program, one a line, for /etc/default, with what else stands there. */
export function defaults(args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  const others = Object.entries(environment).map(([name, value]) => `${name}="${value}"\n`).join("");
  return `# Managed by hawser: role monitoring\nARGS="${args.join(" \\\n ")}"\n${others}`;
}
