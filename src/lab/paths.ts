import { homedir } from "node:os";
import { join } from "node:path";

/** Base images and the package cache: `${XDG_CACHE_HOME:-~/.cache}/hawser/lab`. Safe to delete while no lab is up. */
export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "hawser", "lab");
}

/** All labs: `${XDG_STATE_HOME:-~/.local/state}/hawser/lab`. */
export function labsDirectory(): string {
  return join(process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "hawser", "lab");
}

/** Where one lab keeps what it needs. */
export interface LabPaths {
  readonly directory: string;
  readonly state: string;
  readonly key: string;
  readonly knownHosts: string;
  readonly hosts: string;
}

export function labPaths(lab: string): LabPaths {
  const directory = join(labsDirectory(), lab);
  return {
    directory,
    state: join(directory, "lab.json"),
    key: join(directory, "id_ed25519"),
    knownHosts: join(directory, "known_hosts"),
    hosts: join(directory, "hosts"),
  };
}

/** Where one host keeps its disk, its console log and what boots it. */
export interface HostPaths {
  readonly directory: string;
  /** The overlay of a container. */
  readonly upper: string;
  readonly work: string;
  readonly root: string;
  readonly docker: string;
  /** With a kernel of its own: the disk, a link to the image that it lies over, and an archive of the host's own files. */
  readonly cow: string;
  readonly base: string;
  readonly files: string;
  readonly console: string;
  readonly supervisor: string;
  readonly hostKey: string;
}

export function hostPaths(lab: string, host: string): HostPaths {
  const directory = join(labPaths(lab).hosts, host);
  return {
    directory,
    upper: join(directory, "upper"),
    work: join(directory, "work"),
    root: join(directory, "root"),
    docker: join(directory, "docker"),
    cow: join(directory, "disk.cow"),
    base: join(directory, "base"),
    files: join(directory, "files.tar"),
    console: join(directory, "console.log"),
    supervisor: join(directory, "supervise.sh"),
    hostKey: join(directory, "ssh_host_ed25519_key"),
  };
}
