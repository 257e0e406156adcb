import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { loadInventory, play, playbook, run, use, z, defineRole, type Facts, type Inventory, type RunEvent, type RunOptions, type Tasks } from "hawser";
import { newIdentity } from "../../src/inventory/age.ts";
import { KeptFiles } from "../../src/inventory/index.ts";
import { installPrerequisites, labDown, labExec, labExecArgv, labUp, type LabHost, type LabState } from "../../src/lab/index.ts";

/** Tests on lab hosts need what the lab needs. */
export const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "the lab's nspawn backend needs root on Linux";

/** Runs shell text on a host of a lab as root, without the engine. @throws when it fails */
export async function shellOn(lab: string, host: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await labExec(lab, host, ["sh", "-ec", script]);
  if (code !== 0) throw new Error(`on ${host}: ${script.slice(0, 200)}\nexited ${code}: ${stderr.trim()}`);
  return stdout;
}

/** A lab of one test file, with a subnet of its own, so that files may run side by side. */
export class E2eLab {
  readonly name: string;
  readonly hosts: readonly LabHost[];
  #state: LabState | undefined;
  #folder = "";

  /** @param subnet of all hosts, or one for each, which is a region then */
  constructor(name: string, subnet: string | readonly string[], hosts: Readonly<Record<string, LabHost["image"]>>) {
    this.name = name;
    this.hosts = Object.entries(hosts).map(([host, image], i) => (typeof subnet === "string" ? { name: host, address: `${subnet}.${11 + i}`, region: "la", image } : { name: host, address: `${subnet[i]}.11`, region: host, image }));
  }

  /** Brings it up from its images, whatever an earlier run has left. */
  async up(): Promise<void> {
    await installPrerequisites();
    await labDown(this.name);
    this.#folder = await mkdtemp(path.join(tmpdir(), "hawser-e2e-"));
    this.#state = await labUp({ name: this.name, hosts: this.hosts }, { backend: "nspawn" });
  }

  async down(): Promise<void> {
    await labDown(this.name);
    if (this.#folder !== "") await rm(this.#folder, { recursive: true, force: true });
  }

  /** A folder on the controller for the test's own files. */
  get folder(): string {
    return this.#folder;
  }

  get key(): string {
    return this.#state?.keyPath ?? "";
  }

  get knownHosts(): string {
    return this.#state?.knownHostsPath ?? "";
  }

  address(host: string): string {
    return this.hosts.find(({ name }) => name === host)?.address ?? "";
  }

  /** Runs shell text on a host as root, without ssh. @throws when it fails */
  exec(host: string, script: string): Promise<string> {
    return shellOn(this.name, host, script);
  }

  /** Runs shell text given on standard input, which may be long, as the engine's shell would. */
  async feed(host: string, script: string): Promise<string> {
    const [program = "", ...argv] = await labExecArgv(this.name, host, ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root", "sh", "-c", "umask 077; cd /; exec sh"]);
    const child = spawn(program, argv, { stdio: ["pipe", "pipe", "inherit"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stdin.end(script);
    await once(child, "close");
    return Buffer.concat(chunks).toString();
  }

  /**
   * Makes an age identity of this lab alone, and its public key the recipient of what is kept.
   * @param inventory The inventory's folder.
   * @returns the identity's file, which HAWSER_AGE_IDENTITY may name, and what is kept for it
   */
  async keeping(inventory: string): Promise<{ readonly identity: string; readonly kept: KeptFiles }> {
    const { identity, recipient } = await newIdentity();
    const file = path.join(this.#folder, "age.txt");
    await writeFile(file, `${identity}\n`, { mode: 0o600 });
    await writeFile(path.join(inventory, "recipients.txt"), `${recipient}\n`);
    return { identity: file, kept: new KeptFiles(inventory, { HAWSER_AGE_IDENTITY: file }) };
  }

  /** The lab's inventory; `extra` is merged over each host's settings. */
  async inventory(extra: Readonly<Record<string, { readonly ssh?: object; readonly become?: object }>> = {}): Promise<Inventory> {
    const folder = await mkdtemp(path.join(this.#folder, "inventory-"));
    const ssh = { user: "root", key: this.key, known_hosts: this.#state?.knownHostsPath ?? "", config: false, agent: false };
    const names = [...this.hosts.map(({ name }) => name), ...Object.keys(extra).filter((name) => this.address(name) === "")];
    const hosts = Object.fromEntries(names.map((name) => [name, { ...extra[name], ssh: { ...ssh, ...(this.address(name) !== "" && { address: this.address(name) }), ...extra[name]?.ssh } }]));
    await writeFile(path.join(folder, "hosts.yml"), stringify({ lab: { hosts } }));
    return await loadInventory(folder);
  }
}

export type ResourceEvent = Extract<RunEvent, { event: "resource" }>;
export type Recap = Extract<RunEvent, { event: "recap" }>;

/** What a run said. */
export interface Said {
  readonly events: readonly RunEvent[];
  readonly recap: Recap;
  readonly seconds: number;
  /** The last outcome of each resource of a host, by its id without the role. Handlers are not among them. */
  readonly of: (host: string) => ReadonlyMap<string, ResourceEvent>;
  /** Handlers that ran or would run. */
  readonly handlers: (host: string) => string[];
  /** Failures in words, for an assertion's message. */
  readonly trouble: string;
}

const shortId = (id: string): string => id.slice(id.indexOf("/") + 1);

/** Runs plays to their end. */
export async function follow(book: ReturnType<typeof playbook>, options: RunOptions, onEvent: (event: RunEvent) => void = () => {}): Promise<Said> {
  const began = performance.now();
  const events: RunEvent[] = [];
  for await (const event of run(book, options)) {
    events.push(event);
    onEvent(event);
  }
  const resources = events.filter((event) => event.event === "resource");
  const recap = events.findLast((event) => event.event === "recap");
  if (!recap) throw new Error("the run ended without a recap");
  const failures = events.flatMap((event) => (event.event === "failure" ? [event.failure] : event.event === "resource" && event.failure ? [event.failure] : []));
  return {
    events,
    recap,
    seconds: (performance.now() - began) / 1000,
    of: (host) => new Map(resources.filter((event) => event.host === host && event.handler !== true).map((event) => [shortId(event.id), event])),
    handlers: (host) => resources.filter((event) => event.host === host && event.handler === true && event.outcome !== "ok").map((event) => shortId(event.id)).sort(),
    trouble: failures.map((failure) => `${failure.host ?? ""} ${failure.resource ?? ""}: ${failure.message}\n${failure.stderr ?? ""}${failure.hint ?? ""}`).join("\n"),
  };
}

/** A play of one role without vars, whose tasks stand in the test. */
export function bookOf(tasks: (input: { readonly t: Tasks; readonly facts: Facts; readonly host: { readonly name: string } }) => void): ReturnType<typeof playbook> {
  const role = defineRole(import.meta, { name: "e2e", summary: "A role of a test.", vars: z.strictObject({}), tasks });
  return playbook(import.meta, [play({ name: "e2e", hosts: "all", roles: [use(role, {})] })]);
}
