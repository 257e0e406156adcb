import type { HostRecord, LabRecord } from "./state.ts";
import type { LabFault, LabHost, LabHostState, LabRtt, OnProgress } from "./types.ts";

/** A host that did not come up. */
export interface Fallen {
  readonly host: LabHost;
  readonly error: unknown;
}

/** What differs between running hosts on this machine and under a Docker engine. */
export interface LabBackend {
  /** Brings up `hosts` in parallel, replacing what a crash left of them. Never throws for a single host. */
  raise(record: LabRecord, hosts: readonly LabHost[], onProgress: OnProgress): Promise<{ raised: HostRecord[]; fallen: Fallen[] }>;
  /** Removes everything that carries the lab's name, also with no record left. */
  raze(lab: string): Promise<void>;
  observe(lab: string, host: HostRecord): Promise<LabHostState>;
  /** The argv that runs `argv` in a host without ssh. */
  enter(lab: string, host: HostRecord, argv: readonly string[]): Promise<string[]>;
  /** Asks the host to shut down and waits until it is off. */
  stop(lab: string, host: HostRecord): Promise<void>;
  /** Ends all of its processes at once, as a power cut does; the disk stays. */
  cut(lab: string, host: string): Promise<void>;
  /** Boots a host that is off, from its disk. */
  start(lab: string, host: HostRecord): Promise<void>;
  /** Plugs or pulls the host's cable. */
  link(lab: string, host: HostRecord, plugged: boolean): Promise<void>;
  /** Stops all processes of the host, or lets them go on. */
  freeze(lab: string, host: HostRecord, frozen: boolean): Promise<void>;
  faults(lab: string): Promise<LabFault[]>;
  /** Makes them the faults of the lab, in place of those there are. @returns when, in milliseconds since the epoch: never later than it was */
  setFaults(lab: string, faults: readonly LabFault[], hosts: readonly HostRecord[]): Promise<number>;
  setRtt(lab: string, ms: number): Promise<LabRtt>;
  rtt(lab: string, ms: number): Promise<LabRtt>;
}
