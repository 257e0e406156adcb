/** One bad input: how it is provoked, and everything that must be seen of it. */
export interface Row {
  readonly id: string;
  /** What is wrong, in words; the first column of docs/errors.md. */
  readonly wrong: string;
  /**
   * Files of the working folder by name. `⟪` stands before the character that the message must point at and is removed;
   * `{PORT1}`, `{KEY}`, `{KNOWN_HOSTS}` and `{DIR}` are filled in.
   */
  readonly files?: Readonly<Record<string, string>>;
  /** hawser's arguments. Default: `run site.ts -i inv`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** -1 for a run that was killed. */
  readonly exit: number;
  /** Where the message stands. Default: stderr when the exit code is 1, else stdout. */
  readonly stream?: "stdout" | "stderr";
  /** A whole line of the output; `…` stands for anything. */
  readonly says: string;
  /** The line after `try:`. */
  readonly hint?: string;
  /** More lines that must be there. */
  readonly also?: readonly string[];
  /** Words that must not be anywhere in the output. */
  readonly never?: readonly string[];
}

/** A bad input that takes a host of the lab. */
export interface HostRow extends Row {
  /** The host that it works on, alone. Absent: a check or a refused connection, which disturbs nobody. */
  readonly on?: "b1" | "b2";
  /** Shell text for the host before the run; what it makes counts as the state before. */
  readonly before?: string;
  /** What happens while hawser runs. */
  readonly during?: (scene: Scene) => Promise<void>;
  /** Looks and runs after hawser has ended, before the state is compared. */
  readonly afterwards?: (scene: Scene) => Promise<void>;
  /** Shell text that takes away what `before` made. */
  readonly undo?: string;
  /** Paths that differ between before and after, in order. Default: none. */
  readonly changes?: readonly string[];
}

/** What a row that interferes works with. */
export interface Scene {
  /** Sends a signal to hawser. */
  readonly signal: (name: NodeJS.Signals) => void;
  /** Runs shell text as root on the row's host, without ssh. */
  readonly host: (script: string) => Promise<string>;
  /** Waits until the shell text exits 0 on the row's host. */
  readonly until: (script: string) => Promise<void>;
  /** Stops reading hawser's output. */
  readonly closeOutput: () => void;
  /** Runs hawser again in the same folder. */
  readonly again: (...args: string[]) => Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A playbook of one play with these declarations. */
export const site = (body: string, hosts = "b1", more = ""): string => `import { play, playbook, sh, Sh, defineRole, use, z, Secret, secret } from "hawser";
export default playbook(import.meta, [play({ name: "p", hosts: "${hosts}",${more} tasks({ t, host, facts }) {
${body}
} })]);
`;

/** A playbook that uses one role, whose vars are given as zod source. */
export const roleSite = (vars: string, body = "", using = "use(web)"): string => `import { play, playbook, sh, Sh, defineRole, use, z, Secret, secret } from "hawser";
const web = defineRole(import.meta, { name: "web", summary: "x", vars: z.strictObject({ ${vars} }), tasks({ t, vars, host, peers }) {
${body}
} });
export default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [${using}] })]);
`;

/** Two hosts at an address where this test listens: a connection to it is a failure of the test. */
export const TRAP_HOSTS = `all:
  vars:
    ssh: { address: 127.0.0.1, config: false, agent: false }
  children:
    web:
      hosts:
        web1: { ssh: { port: {PORT1} } }
        web2: { ssh: { port: {PORT2} } }
    db:
      hosts:
        db1: { ssh: { port: {PORT3} } }
`;

/** The lab's two hosts as real ones. `extra` joins b1's ssh settings, `more` its vars. */
export const labHosts = (extra = "", more = ""): string => `all:
  vars:
    ssh: { user: root, key: "{KEY}", known_hosts: "{KNOWN_HOSTS}", host_key_checking: strict, config: false, agent: false }
  hosts:
    b1: { ssh: { address: 198.18.41.11${extra} }${more} }
    b2: { ssh: { address: 198.18.42.11 } }
`;
