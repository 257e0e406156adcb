import type { LabHost, LabImage, OnProgress } from "./types.ts";

/** What a host on this machine is made of: a container or a kernel of its own. Network and power are the same for all. */
export interface Machine {
  /** How long a boot may take until sshd answers, in ms. */
  readonly bootMs: number;
  /** Builds what disks lie over, unless it is there. @returns its path */
  image(image: LabImage, onProgress: OnProgress): Promise<string>;
  /** Gives a host a fresh disk over its image, with its name, keys and the lab's names. */
  createDisk(lab: string, host: LabHost, image: string, all: readonly LabHost[]): Promise<void>;
  /** Whether a host's disk is whole; a crash or a restart of this machine may have left part of it. */
  hasDisk(lab: string, host: string): Promise<boolean>;
  /** The shell script that owns one host's processes: boots it, and boots it again for as long as it asks to reboot. */
  supervisor(lab: string, host: LabHost): string;
  /** The argv that runs `argv` in a host as root. @throws LabError when it is off */
  enter(lab: string, host: LabHost, argv: readonly string[]): Promise<string[]>;
  /** This machine's pid of the host's PID 1, where it has one. */
  leader(lab: string, host: string): Promise<number | undefined>;
}
