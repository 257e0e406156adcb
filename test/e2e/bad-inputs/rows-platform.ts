import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Row } from "./row.ts";

const shipped = (name: string): string => readFileSync(new URL(`../../../playbooks/${name}.ts`, import.meta.url), "utf8");

/** A CA whose time was the year 2020; its key is nowhere. */
const ENDED = `-----BEGIN CERTIFICATE-----
MIIBITCByKADAgECAgEBMAoGCCqGSM49BAMCMBAxDjAMBgNVBAMMBWVuZGVkMB4X
DTIwMDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAwMFowEDEOMAwGA1UEAwwFZW5kZWQw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQY9XUBfwOmOfwJZ59AJrJHQnPQYnpd
A3+xnv2sMNjx2VJdQe7Ut2dxckU0to3wksrt0AqrjVk/GPVhnIzOoOPFoxMwETAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIA4lzeA3krOLq4ABVvvM
aJe1plNdJ8qG3iirSP/bY1DyAiEA9an2wwucmMetKOSSxcZFdfis2fHybAGQQa8r
nAjXNok=
-----END CERTIFICATE-----`;

/** One host in each region, at addresses where the test listens; `vars` are those of a group of both, who may be in another one also. */
const regions = (group: string, vars: string, also?: string): string => `all:
  vars:
    ssh: { address: 127.0.0.1, config: false, agent: false }
  children:
    ${group}:
      vars:
${vars.trim().split("\n").map((line) => `        ${line}`).join("\n")}
      children: { la: , sg:  }
${also === undefined ? "" : `    ${also}: { children: { la: , sg:  } }\n`}la: { vars: { region: la }, hosts: { la-1: { ssh: { port: {PORT1} }, private_address: 10.10.0.11, public_address: 203.0.113.1 } } }
sg: { vars: { region: sg }, hosts: { sg-1: { ssh: { port: {PORT2} }, private_address: 10.20.0.11, public_address: 203.0.113.2 } } }
`;

/** Any file will do where nothing is installed. */
const PROGRAM = "no program\n";
const SUM = createHash("sha256").update(PROGRAM).digest("hex");
const ZEROS = "0".repeat(64);

const site = (name: string, inventory: string): Readonly<Record<string, string>> => ({ "site.ts": shipped(name), "ca.ts": shipped("ca"), server: PROGRAM, "inv/hosts.yml": inventory });

/** The platform on the tunnel, by the shipped playbooks as an operator copies them. */
export const platform: readonly Row[] = [
  {
    id: "platform-ha-of-two",
    wrong: "two managers that are called highly available",
    files: site("swarm", regions("swarm", "swarm: { role: manager, ha: ⟪true }")),
    exit: 1,
    says: "error: swarm.ha with 2 managers in 2 places (la: la-1; sg: sg-1)",
    hint: "three managers in three places survive the loss of one; two freeze when either is lost. Add a small witness as a manager in a third place, or leave ha out",
  },
  {
    id: "platform-even-raft",
    wrong: "an even number of voters without a witness",
    files: site("consul-vault", regions("consul_vault", `ca: { host: la-1 }\nconsul-vault:\n  ⟪vault: { artifact: { file: "{DIR}/server", sha256: "${SUM}" }, revoke_root_token: false }`)),
    exit: 1,
    says: "error: openbao has 2 servers (la-1, sg-1), which bear the loss of none: where they stand in two regions, it stops with either",
    hint: "one more in a third place, the witness; or consul-vault.vault.allow_even_voters: true",
  },
  {
    id: "platform-ca-ended",
    wrong: "a CA whose time is over",
    files: { ...site("ca", regions("all_hosts", "ca:\n  own:\n    certificate: !file ⟪ended.pem")), "inv/ended.pem": ENDED },
    exit: 1,
    says: "error: ca.own.certificate: CN=ended has expired: it was good until Jan  1 00:00:00 2021 GMT",
    hint: "give the one that took its place",
  },
  {
    id: "platform-sha256",
    wrong: "an artifact that has another sha256",
    files: site("minio", regions("objects", `ca: { host: la-1 }\nminio: { artifact: { file: "{DIR}/server", sha256: ⟪"${ZEROS}" } }`)),
    exit: 1,
    says: `error: minio.artifact: …/server has the sha256 ${SUM}, not ${ZEROS}`,
    hint: "is it the file that is meant, and complete? Compare with what its makers publish",
  },
  {
    id: "platform-ports",
    wrong: "two roles of the platform on one port",
    files: {
      ...site("minio", regions("objects", `ca: { host: la-1 }
envoy:
  mesh_port: ⟪8333
  artifact: { file: "{DIR}/server", sha256: "${SUM}" }
minio:
  s3_port: ⟪8333
  artifact: { file: "{DIR}/server", sha256: "${SUM}" }`, "mesh")),
      "minio.ts": shipped("minio"),
      "envoy.ts": shipped("envoy"),
      "site.ts": `import { playbook } from "hawser";
import envoy from "./envoy.ts";
import minio from "./minio.ts";
export default playbook(import.meta, [minio, envoy]);
`,
    },
    exit: 1,
    says: "error: port 8333/tcp of la-1 is wanted twice: by minio (S3 on 10.10.0.11) and by envoy (the peers)",
    hint: "the other is said at inv/hosts.yml:12:20; give one of them another port, or each an address of its own",
  },
];
