/** Defaults of a project, in its `hawser.config.ts`. An option and an environment variable win over what stands here. */
export interface HawserConfig {
  /** Inventory folder or file, from the folder of the configuration. Default `inventory/production`. */
  readonly inventory?: string;
  /** Hosts worked on at a time, in every verb. Default 10; `drift` 50. */
  readonly forks?: number;
  /** How long connections are kept open for the next run, such as `10m`; `off` for not at all. Default: what the inventory says. */
  readonly keepOpen?: string;
  /** Seconds to wait for another run on a host. Default 30. */
  readonly lockTimeout?: number;
  /** Seconds that one look at a host may take. Default 30. */
  readonly probeTimeout?: number;
  /** Default `human`. */
  readonly output?: "human" | "json";
  /** Default `auto`: on a terminal. */
  readonly color?: "auto" | "always" | "never";
  /** Show the differences in files. Default false. */
  readonly diff?: boolean;
  /** How much is shown, from 0 to 3. Default 0. */
  readonly verbose?: 0 | 1 | 2 | 3;
  /** Show where the time of a run went. Default false. */
  readonly timing?: boolean;
  /** Keep a journal of each run. Default true. */
  readonly journal?: boolean;
  /** Reports of runs, verifications and drifts, from the folder of the configuration. Default: none. */
  readonly report?: string | readonly string[];
  /** The file with the age identity, as HAWSER_AGE_IDENTITY, from the folder of the configuration. */
  readonly ageIdentity?: string;
  /** The file with the vault password, or a program that prints it, as HAWSER_VAULT_PASSWORD_FILE, from the folder of the configuration. */
  readonly vaultPasswordFile?: string;
  /** The mirror of artifacts on hosts for which the inventory says no `artifact_mirror`, as HAWSER_ARTIFACT_MIRROR. Default: none. */
  readonly artifactMirror?: string;
  /** The ssh client configuration of hosts for which the inventory names none, from the folder of the configuration. Default `~/.ssh/config`. */
  readonly sshConfig?: string;
}

/**
 * A project's defaults, checked by the compiler.
 * @example export default defineConfig({ inventory: "inventory/lab", forks: 20 });
 */
export function defineConfig(config: HawserConfig): HawserConfig {
  return config;
}
