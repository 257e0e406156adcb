import { chooseBackend, backendNamed } from "./choose.ts";
import { LabError } from "./error.ts";
import { ensureKey, writeKnownHosts } from "./keys.ts";
import { withLock } from "./lock.ts";
import { labPaths } from "./paths.ts";
import { checkLabName, validateSpec } from "./spec.ts";
import { readRecord, recordedLabs, writeRecord, type HostRecord, type LabRecord } from "./state.ts";
import type { Backend, LabFault, LabHost, LabRtt, LabSpec, LabState, OnProgress } from "./types.ts";
import type { Fallen, LabBackend } from "./backend.ts";

/** How to bring a lab up. */
export interface LabUpOptions {
  /** Default `auto`. A lab that exists keeps its backend. */
  readonly backend?: Backend;
  readonly onProgress?: OnProgress;
}

/**
 * Brings up what of a lab is missing: all of it, one host that was cut, or what a crash or a restart of the machine left
 * undone. Hosts that are up or frozen are not touched; hosts that are not in the spec stay.
 * @returns the lab as it is afterwards
 * @throws LabError when the spec is wrong, a prerequisite is missing, or a host does not boot in time
 */
export async function labUp(spec: LabSpec, { backend = "auto", onProgress = () => {} }: LabUpOptions = {}): Promise<LabState> {
  validateSpec(spec);
  const waiting = (): void => onProgress({ message: `waiting for another process that works on lab "${spec.name}"` });
  return withLock(labLock(spec.name), () => raiseLab(spec, backend, onProgress), waiting);
}

/** Removes a lab and all it left, also after a crash. Nothing happens when there is none. */
export async function labDown(name: string): Promise<void> {
  checkLabName(name);
  await withLock(labLock(name), async () => {
    const record = await readRecord(name).catch(brokenRecord);
    const likely = process.platform === "linux" ? "nspawn" : "docker";
    await backendNamed(record?.backend ?? likely).raze(name);
  });
}

/** The lab as it is now, asked of the kernel or the engine; undefined when there is none of that name. */
export async function labStatus(name: string): Promise<LabState | undefined> {
  checkLabName(name);
  const record = await readRecord(name);
  return record === undefined ? undefined : observe(record);
}

/** The names of all labs on this machine. */
export async function labNames(): Promise<string[]> {
  return recordedLabs();
}

/** Changes the round-trip time (ms, 0 for none) of a running lab. @throws LabError when there is no such lab */
export async function labSetRtt(name: string, ms: number): Promise<LabRtt> {
  return withLock(labLock(name), async () => {
    const record = await recordOf(name);
    validateSpec({ ...record, rttMs: ms });
    const rtt = await backendNamed(record.backend).setRtt(name, ms);
    await writeRecord({ ...record, rttMs: ms });
    return rtt;
  });
}

/** Replaces the faults of a lab by what `change` makes of them. @returns those it has then */
export async function changeFaults(name: string, change: (faults: readonly LabFault[], hosts: readonly LabHost[]) => LabFault[], onSet: (at: number) => void = () => {}): Promise<LabFault[]> {
  return withLock(labLock(name), async () => {
    const { backend: kind, hosts } = await recordOf(name);
    const backend = backendNamed(kind);
    const faults = change(await backend.faults(name), hosts);
    onSet(await backend.setFaults(name, faults, hosts));
    return faults;
  });
}

/** A lab's record. @throws LabError when there is no such lab */
export async function recordOf(name: string): Promise<LabRecord> {
  checkLabName(name);
  const record = await readRecord(name);
  if (record === undefined) throw new LabError(`there is no lab "${name}"`, { hint: "hawser lab up" });
  return record;
}

/** A host of a lab, with its backend. @throws LabError when either is missing */
export async function hostOf(name: string, host: string): Promise<{ host: HostRecord; backend: LabBackend }> {
  const record = await recordOf(name);
  const found = record.hosts.find((candidate) => candidate.name === host);
  if (found !== undefined) return { host: found, backend: backendNamed(record.backend) };
  throw new LabError(`lab "${name}" has no host ${host}`, { evidence: `it has ${record.hosts.map((known) => known.name).join(", ") || "none"}` });
}

const labLock = (name: string): string => `lab ${name}`;

async function raiseLab(spec: LabSpec, wanted: Backend, onProgress: OnProgress): Promise<LabState> {
  const known = await readRecord(spec.name);
  const choice = known ?? (await chooseBackend(wanted, spec));
  if (wanted !== "auto" && wanted !== choice.backend)
    throw new LabError(`lab "${spec.name}" runs on ${choice.backend}, not ${wanted}`, { hint: `hawser lab down first` });
  onProgress({ message: `${choice.backend}: ${choice.why}` });
  const record: LabRecord = known ?? { version: 1, name: spec.name, ...choice, rttMs: 0, hosts: [] };
  validateSpec({ ...spec, hosts: [...spec.hosts, ...record.hosts.filter((host) => !spec.hosts.some(({ name }) => name === host.name))] });
  refuseChanged(spec.hosts, record.hosts);
  // Written before anything is made: whatever happens from here on, there is something to take down.
  await writeRecord(record);
  await ensureKey(labPaths(spec.name).key, `hawser lab ${spec.name}`);
  return raiseMissing(record, spec, onProgress);
}

async function raiseMissing(record: LabRecord, spec: LabSpec, onProgress: OnProgress): Promise<LabState> {
  const backend = backendNamed(record.backend);
  const before = await observe(record);
  const missing = spec.hosts.filter(({ name }) => !before.hosts.some((host) => host.name === name && (host.ready || host.power === "frozen")));
  const { raised, fallen } = missing.length > 0 ? await backend.raise(record, missing, onProgress) : { raised: [], fallen: [] };
  const kept = record.hosts.filter(({ name }) => !raised.some((host) => host.name === name));
  const rttMs = spec.rttMs ?? record.rttMs;
  const after = { ...record, rttMs, hosts: [...kept, ...raised].sort((a, b) => (a.address < b.address ? -1 : 1)) };
  await writeKnownHosts(after.name, after.hosts);
  await writeRecord(after);
  if (fallen.length > 0) throw fallenError(fallen);
  // A region that is cut off is so with the host that just joined it.
  if (missing.length > 0 && before.faults.length > 0) await backend.setFaults(spec.name, before.faults, after.hosts);
  const stale = before.rtt.ms !== rttMs || (rttMs > 0 && (missing.length > 0 || before.rtt.mechanism === "none"));
  if (stale) await backend.setRtt(spec.name, rttMs);
  return observe(after);
}

async function observe(record: LabRecord): Promise<LabState> {
  const backend = backendNamed(record.backend);
  const { directory, key, knownHosts } = labPaths(record.name);
  const hosts = await Promise.all(record.hosts.map((host) => backend.observe(record.name, host)));
  const [rtt, faults] = await Promise.all([backend.rtt(record.name, record.rttMs), backend.faults(record.name)]);
  return { name: record.name, backend: record.backend, why: record.why, hosts, rtt, faults, directory, keyPath: key, knownHostsPath: knownHosts };
}

/** Moving a running host, or changing its image, would throw its disk away; only `labDown` does that. */
function refuseChanged(wanted: readonly LabHost[], known: readonly HostRecord[]): void {
  for (const host of wanted) {
    const now = known.find(({ name }) => name === host.name);
    if (now === undefined || (now.address === host.address && now.privateAddress === host.privateAddress && now.image === host.image && now.region === host.region)) continue;
    const what = [now.address, now.privateAddress, now.region, now.image].filter((word) => word !== undefined);
    throw new LabError(`${host.name} exists with another address, region or image: ${what.join(", ")}`, {
      hint: "take the lab down first",
    });
  }
}

function fallenError(fallen: readonly Fallen[]): LabError {
  const causes = fallen.map(({ error }) => (error instanceof LabError ? error : new LabError(String(error), { cause: error })));
  const [first] = causes;
  if (first !== undefined && causes.length === 1) return first;
  return new LabError(`${fallen.map(({ host }) => host.name).join(", ")} did not come up`, { evidence: causes.map((cause) => cause.report()).join("\n") });
}

/** A record that cannot be read must not keep a lab from being taken down. */
function brokenRecord(cause: unknown): undefined {
  if (!(cause instanceof LabError)) throw cause;
  return undefined;
}
