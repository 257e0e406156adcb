/**
 * How kinds of resource are tested: by tables (`runCases`), and for real under three shells (`onEveryShell`, `converge`).
 * Every script that a test renders is also given to shellcheck when the test file ends.
 *
 * Needs busybox, dash, bash, shellcheck and util-linux (unshare, nsenter), and root.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { parse, type ScalarTag } from "yaml";
import type { z } from "zod";
import { PlanError, type Change, type Kind, type KindContext, type Observed } from "../../src/resources/contract.ts";
import type { Facts } from "../../src/resources/facts.ts";
import { recorded, type RecordedName } from "../../src/resources/recorded.ts";
import { Secret, Sh, Value } from "../../src/shell/index.ts";
import { formatLook, parseLook, type Look } from "../../src/resources/look.ts";

export const SHELLS = ["dash", "bash", "busybox"] as const;
export type ShellName = (typeof SHELLS)[number];

/** The script's text. Remembers it for shellcheck. */
export function render(script: Sh): string {
  const text = script.render();
  // shellcheck needs seconds for a literal of 100 KiB, and learns nothing from it.
  seen.add(text.replaceAll(/[A-Za-z0-9+/=]{2000,}/g, "QUJD"));
  return text;
}

// ---------------------------------------------------------------------------------------------------------------- tables

interface Case {
  name: string;
  args: unknown;
  facts?: RecordedName;
  /** Fields that replace those of the recorded facts. */
  with?: Partial<Facts>;
  /** What the probe printed; `look` writes it as lookAt() does. */
  observed?: { out?: string; err?: string; code?: number; look?: Partial<Look> & { content?: string } };
  expect: {
    /** The probe's exact text. */
    probe?: string;
    /** The plan finds nothing to do. */
    none?: true;
    summary?: string;
    diff?: string;
    /** The apply's exact text, without the last newline. */
    apply?: string;
    /** Texts that stand in the apply. */
    applies?: string[];
    after?: Partial<Observed>;
    /** The content of a file as the look after the change shows it. */
    content?: string;
    merge?: { key: string; item: string };
    /** A text that the message or hint of the bad argument or PlanError holds. */
    error?: string;
    claims?: { target: string; part?: string }[];
    key?: string;
  };
}

const TAGS: ScalarTag[] = [
  { tag: "!secret", resolve: (text) => new Secret(text) },
  { tag: "!regexp", resolve: (text) => regexp(text) },
  { tag: "!base64", resolve: (text) => Buffer.from(text, "base64") },
  { tag: "!sh", resolve: (text) => Sh.raw(text) },
  { tag: "!pending", resolve: (text) => Value.pending(text).value },
];

function regexp(text: string): RegExp {
  const [, source = text, flags = ""] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  return new RegExp(source, flags);
}

/**
 * One test for each entry of `<kind>.cases.yaml` beside this file. The tags `!secret`, `!regexp`, `!base64`, `!sh` and
 * `!pending` make what YAML cannot write.
 */
export function runCases<S extends z.ZodType>(kind: Kind<S>): void {
  const file = new URL(`${kind.kind}.cases.yaml`, import.meta.url);
  const cases = parse(readFileSync(file, "utf8"), { customTags: TAGS }) as Case[];
  for (const one of cases) void test(`${kind.kind}: ${one.name}`, () => runCase(kind, one));
}

function runCase<S extends z.ZodType>(kind: Kind<S>, one: Case): void {
  const { expect } = one;
  const context: KindContext = { facts: recorded(one.facts ?? "debian-12", one.with) };
  if (expect.error !== undefined) {
    const wanted = expect.error;
    assert.throws(() => planCase(kind, one, context), (error: unknown) => {
      const said = error instanceof Error ? `${error.message}\n${error instanceof PlanError ? error.hint ?? "" : ""}` : String(error);
      assert.ok(said.includes(wanted), `expected an error with ${JSON.stringify(wanted)}, got ${JSON.stringify(said)}`);
      return true;
    });
    return;
  }
  const args = kind.args.parse(one.args);
  if (expect.key !== undefined) assert.equal(kind.key(args), expect.key);
  if (expect.claims !== undefined) assert.deepEqual(kind.claims(args), expect.claims);
  if (expect.probe !== undefined) assert.equal(render(kind.probe(args, context)).trimEnd(), expect.probe.trimEnd());
  if (one.observed === undefined) return;
  const change = planCase(kind, one, context);
  if (expect.none === true) {
    assert.equal(change, undefined, `expected no change, got: ${change?.summary}`);
    return;
  }
  assert.ok(change, "expected a change, got none");
  checkChange(change, one.args);
  if (expect.summary !== undefined) assert.equal(change.summary, expect.summary);
  if (expect.diff !== undefined) assert.equal(change.diff?.trimEnd(), expect.diff.trimEnd());
  if (change.apply !== undefined) {
    const text = render(change.apply);
    if (expect.apply !== undefined) assert.equal(text.trimEnd(), expect.apply.trimEnd());
    for (const part of expect.applies ?? []) assert.ok(text.includes(part), `${JSON.stringify(part)} is not in:\n${text}`);
  }
  if (expect.after !== undefined) assert.deepEqual(change.after, { out: "", err: "", code: 0, ...expect.after });
  if (expect.content !== undefined) {
    assert.ok(change.after, "expected an observation after the change");
    assert.equal(parseLook(change.after, "it").content?.toString("latin1"), Buffer.from(expect.content).toString("latin1"));
  }
  if (expect.merge !== undefined) assert.deepEqual({ key: change.merge?.key, item: change.merge?.item }, expect.merge);
}

function planCase<S extends z.ZodType>(kind: Kind<S>, one: Case, context: KindContext): Change | undefined {
  const args = kind.args.parse(one.args);
  const { look, ...rest } = one.observed ?? {};
  const observed = look === undefined ? { out: "", err: "", code: 0, ...rest } : formatLook(completeLook(look));
  return kind.plan(args, observed, context);
}

function completeLook(look: Partial<Look> & { content?: string | Buffer }): Look {
  const content = look.content === undefined ? undefined : Buffer.from(look.content);
  return { kind: "absent", mode: "0644", owner: "root", group: "root", size: content?.length ?? 0, sha256: undefined, link: undefined, ...look, content };
}

/** What holds for every change of every kind. */
function checkChange(change: Change, args: unknown): void {
  assert.equal(change.apply !== undefined, change.run === undefined, "exactly one of apply and run is present");
  for (const secret of secretsIn(args)) {
    assert.ok(!change.summary.includes(secret), "the summary holds a secret");
    assert.ok(!change.diff?.includes(secret), "the diff holds a secret");
    if (change.apply !== undefined) {
      let revealed = false;
      change.apply.render(() => (revealed = true));
      assert.ok(revealed || !change.apply.render().includes(secret), "a secret stands in the apply, but not as a Secret");
    }
  }
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  if (typeof value === "object" && value !== null && !(value instanceof Value)) return Object.values(value).flatMap(secretsIn);
  return [];
}

// ------------------------------------------------------------------------------------------------------------ real hosts

/** A shell on this machine, with a folder of its own and, when asked for, a mount namespace of its own. */
export interface TestHost {
  readonly shell: ShellName;
  /** A new folder, removed when the test ends. */
  readonly root: string;
  /** Runs one script as the engine does. `setE` as for an apply. */
  run(script: string, options?: { setE?: boolean }): Observed;
}

export interface HostOptions {
  /** Mounts stay inside the test. */
  readonly privateMounts?: boolean;
  /** Added to the environment of the scripts, e.g. a TMPDIR that cannot be used. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folders in front of PATH, e.g. with fakes of system commands. */
  readonly path?: readonly string[];
  /** The busybox shell sees busybox's commands only. True adds the machine's own behind them. Default false. */
  readonly systemCommands?: boolean;
}

/** One test per shell. */
export function onEveryShell(name: string, body: (host: TestHost) => void | Promise<void>, options: HostOptions = {}): void {
  for (const shell of SHELLS) void test(`${name} (${shell})`, () => withHost(shell, options, body));
}

export async function withHost(shell: ShellName, options: HostOptions, body: (host: TestHost) => void | Promise<void>): Promise<void> {
  const root = mkdtempSync("/tmp/hawser-test-");
  const keeper = options.privateMounts === true ? spawn("unshare", ["--mount", "--propagation", "private", "sleep", "infinity"], { stdio: "ignore" }) : undefined;
  try {
    if (keeper?.pid !== undefined) awaitNamespace(keeper.pid);
    await body({ shell, root, run: (script, { setE = false } = {}) => runScript(shell, root, keeper?.pid, script, setE, options) });
  } finally {
    keeper?.kill("SIGKILL");
    rmSync(root, { recursive: true, force: true });
    rmSync(`${root}.sh`, { force: true });
  }
}

function awaitNamespace(pid: number): void {
  const read = () => spawnSync("readlink", [`/proc/${pid}/ns/mnt`, "/proc/self/ns/mnt"]).stdout.toString().trim().split("\n");
  for (let i = 0; i < 200; i++) {
    const [theirs, ours] = read();
    // unshare becomes sleep once the namespace and its propagation are set up.
    if (theirs !== ours && readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "sleep") return;
  }
  throw new Error("unshare made no mount namespace; the tests need root");
}

function runScript(shell: ShellName, root: string, namespace: number | undefined, script: string, setE: boolean, options: HostOptions): Observed {
  // Outside the folder under test, which a test may fill up or compare.
  const file = `${root}.sh`;
  writeFileSync(file, `umask 077\ncd /\n(\n${setE ? "set -e\n" : ""}${script}\n)\n`);
  const interpreter = shell === "busybox" ? [join(busyboxCommands(), "ash"), file] : [shell, file];
  const command = namespace === undefined ? interpreter : ["nsenter", "--target", String(namespace), "--mount", ...interpreter];
  const system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const own = shell === "busybox" ? (options.systemCommands === true ? `${busyboxCommands()}:${system}` : busyboxCommands()) : system;
  const PATH = [...(options.path ?? []), own].join(":");
  const done = spawnSync("/usr/bin/env", ["-i", `PATH=${PATH}`, "LC_ALL=C", "HOME=/root", ...Object.entries(options.env ?? {}).map(([k, v]) => `${k}=${v}`), ...absolute(command)], {
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  return { out: done.stdout.toString(), err: done.stderr.toString(), code: done.status ?? 255 };
}

/** The first word with its folder: PATH is the host's, not ours. */
function absolute(command: readonly string[]): string[] {
  const [first = "", ...rest] = command;
  const found = ["/usr/bin", "/bin", "/usr/sbin"].map((folder) => join(folder, first)).find((file) => existsSync(file));
  return [first.startsWith("/") ? first : found ?? first, ...rest.map((word) => (word === "dash" || word === "bash" ? `/bin/${word}` : word))];
}

let busyboxFolder: string | undefined;

/** A folder with one link per busybox command. */
function busyboxCommands(): string {
  if (busyboxFolder !== undefined) return busyboxFolder;
  busyboxFolder = mkdtempSync("/tmp/hawser-busybox-");
  for (const applet of spawnSync("busybox", ["--list"]).stdout.toString().trim().split("\n")) symlinkSync("/bin/busybox", join(busyboxFolder, applet));
  return busyboxFolder;
}

// ------------------------------------------------------------------------------------------------------------ convergence

export interface Applied {
  readonly before: Observed;
  readonly change: Change | undefined;
  /** What the apply said; undefined when there was nothing to do. */
  readonly applied: Observed | undefined;
  readonly now: Observed;
}

/** Looks, plans, applies and looks again, once. Asserts nothing about success. */
export function attempt<S extends z.ZodType>(kind: Kind<S>, rawArgs: z.input<S>, host: TestHost, facts: Facts = recorded("debian-12")): Applied {
  const args = kind.args.parse(rawArgs);
  const context = { facts };
  const probe = render(kind.probe(args, context));
  const before = host.run(probe);
  const change = kind.plan(args, before, context);
  if (change === undefined) return { before, change, applied: undefined, now: before };
  checkChange(change, rawArgs);
  assert.ok(change.apply, "converge() runs shell changes only");
  for (const { content, path } of change.uploads ?? []) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (Buffer.isBuffer(content)) writeFileSync(path, content, { mode: 0o600 });
    else copyFileSync(content.localFile, path);
  }
  const applied = host.run(render(change.apply), { setE: true });
  for (const { path } of change.uploads ?? []) rmSync(path, { force: true });
  return { before, change, applied, now: host.run(probe) };
}

/** Applies for real, and asserts that it succeeded, that a second plan finds nothing, and that `after` was right. */
export function converge<S extends z.ZodType>(kind: Kind<S>, rawArgs: z.input<S>, host: TestHost, facts: Facts = recorded("debian-12")): Applied {
  const done = attempt(kind, rawArgs, host, facts);
  const { change, applied, now } = done;
  if (applied !== undefined) assert.equal(applied.code, 0, `the apply failed: ${applied.err}`);
  const again = kind.plan(kind.args.parse(rawArgs), now, { facts });
  assert.equal(again, undefined, `did not converge: ${again?.summary}; the host shows ${JSON.stringify(now)}; the apply said ${applied?.err}`);
  if (change?.after !== undefined && kind.compares !== "code") assert.deepEqual({ out: now.out, code: now.code }, { out: change.after.out, code: change.after.code });
  return done;
}

/** Expects the plan to be refused, and returns the refusal. */
export function refused<S extends z.ZodType>(kind: Kind<S>, rawArgs: z.input<S>, host: TestHost, facts: Facts = recorded("debian-12")): PlanError {
  const args = kind.args.parse(rawArgs);
  const observed = host.run(render(kind.probe(args, { facts })));
  try {
    kind.plan(args, observed, { facts });
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the plan was not refused" });
}

// ------------------------------------------------------------------------------------------------------------- shellcheck

const seen = new Set<string>();

/** Codes that shellcheck need not report here. */
const EXCLUDED = [
  "SC2016", // An expression in single quotes is a program for awk, or text to be written as it stands.
  "SC2234", // What an author gives as validation stands in a subshell, also when it is a single test.
  "SC2089", "SC2090", // A path that holds quotes is meant literally; it is always expanded in double quotes.
  "SC2015", // `a && b || c` is used only where c is right after a failing b too.
];

/** Runs by itself when a test file ends. @throws when a rendered script is not clean POSIX sh. */
export function shellcheck(): void {
  if (seen.size === 0) return;
  const folder = mkdtempSync("/tmp/hawser-shellcheck-");
  try {
    const files = [...seen].map((text, i) => {
      const file = join(folder, `${i}.sh`);
      writeFileSync(file, `${text}\n`);
      return file;
    });
    const done = spawnSync("shellcheck", ["--shell=sh", "--norc", `--exclude=${EXCLUDED.join(",")}`, "--format=tty", "--color=never", ...files], { maxBuffer: 16 * 1024 * 1024 });
    if (done.error !== undefined) throw new Error("shellcheck is not installed", { cause: done.error });
    assert.equal(done.status, 0, done.stdout.toString().slice(0, 4000));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    seen.clear();
  }
}

after(() => {
  if (busyboxFolder !== undefined) rmSync(busyboxFolder, { recursive: true, force: true });
  shellcheck();
});
