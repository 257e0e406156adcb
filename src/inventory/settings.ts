import { file, fileOrFalse, files, flag, jumps, keepOpen, number, oneOf, secret, text, type Check } from "./setting-checks.ts";

/** One key of `ssh:` or `become:`. */
export interface Setting {
  /** The key under which layers are merged: `key` and `keys` are one setting. */
  readonly key: string;
  readonly check: Check;
  readonly secret?: true;
}

const words = (...all: string[]): ReadonlyMap<string | boolean, string> => new Map(all.map((word) => [word, word]));
const password: Check = secret;
const name = text("a user name", /^[^\s:@,]+$/);

/** The variables that are merged key by key over the layers; every other variable is replaced as a whole. */
export type MergedVar = "ssh" | "become";

const SSH = new Map<string, Setting>([
  ["kind", { key: "kind", check: oneOf(words("ssh", "local")) }],
  ["address", { key: "address", check: text("a host name or an IP address", /^(?:[\w.-]+|[\da-f:.]+(?:%\w+)?)$/i) }],
  ["port", { key: "port", check: number("a port", 1, 65_535) }],
  ["user", { key: "user", check: name }],
  ["key", { key: "keys", check: files }],
  ["keys", { key: "keys", check: files }],
  ["passphrase", { key: "passphrase", check: password, secret: true }],
  ["password", { key: "password", check: password, secret: true }],
  ["agent", { key: "agent", check: flag }],
  ["jump", { key: "jump", check: jumps }],
  ["known_hosts", { key: "known_hosts", check: file }],
  ["host_key_checking", { key: "host_key_checking", check: oneOf(new Map<string | boolean, string>([...words("strict", "accept-new", "off"), [true, "strict"], [false, "off"]])) }],
  ["config", { key: "config", check: fileOrFalse }],
  ["connect_timeout", { key: "connect_timeout", check: number("seconds", 1, 3600) }],
  ["keepalive", { key: "keepalive", check: number("seconds", 0, 3600) }],
  ["keep_open", { key: "keep_open", check: keepOpen }],
]);

const BECOME = new Map<string, Setting>([
  ["method", { key: "method", check: oneOf(words("sudo", "su", "doas", "none")) }],
  ["user", { key: "user", check: name }],
  ["password", { key: "password", check: password, secret: true }],
]);

export const SETTINGS: Readonly<Record<MergedVar, ReadonlyMap<string, Setting>>> = { ssh: SSH, become: BECOME };

/** What people coming from other tools write, too far from the right key for a spelling guess. */
export const SYNONYMS: Readonly<Record<MergedVar, ReadonlyMap<string, string>>> = {
  ssh: new Map([
    ["host", "address"],
    ["hostname", "address"],
    ["ip", "address"],
    ["private_key", "key"],
    ["private_key_file", "key"],
    ["identity_file", "key"],
    ["proxy_jump", "jump"],
    ["proxyjump", "jump"],
    ["bastion", "jump"],
    ["timeout", "connect_timeout"],
    ["control_persist", "keep_open"],
    ["strict_host_key_checking", "host_key_checking"],
    ["user_known_hosts_file", "known_hosts"],
  ]),
  become: new Map([
    ["become_user", "user"],
    ["become_method", "method"],
    ["pass", "password"],
  ]),
};

/** Ansible's variables for the same settings. */
export const ALIASES: ReadonlyMap<string, readonly [MergedVar, string]> = new Map<string, readonly [MergedVar, string]>([
  ["ansible_host", ["ssh", "address"]],
  ["ansible_ssh_host", ["ssh", "address"]],
  ["ansible_port", ["ssh", "port"]],
  ["ansible_ssh_port", ["ssh", "port"]],
  ["ansible_user", ["ssh", "user"]],
  ["ansible_ssh_user", ["ssh", "user"]],
  ["ansible_private_key_file", ["ssh", "keys"]],
  ["ansible_ssh_private_key_file", ["ssh", "keys"]],
  ["ansible_ssh_private_key_passphrase", ["ssh", "passphrase"]],
  ["ansible_password", ["ssh", "password"]],
  ["ansible_ssh_pass", ["ssh", "password"]],
  ["ansible_ssh_password", ["ssh", "password"]],
  ["ansible_host_key_checking", ["ssh", "host_key_checking"]],
  ["ansible_ssh_host_key_checking", ["ssh", "host_key_checking"]],
  ["ansible_timeout", ["ssh", "connect_timeout"]],
  ["ansible_ssh_timeout", ["ssh", "connect_timeout"]],
  ["ansible_connection", ["ssh", "kind"]],
  ["ansible_become", ["become", "method"]],
  ["ansible_become_method", ["become", "method"]],
  ["ansible_become_user", ["become", "user"]],
  ["ansible_become_password", ["become", "password"]],
  ["ansible_become_pass", ["become", "password"]],
]);

/** Ansible's variables that change how a host is reached and have no counterpart; taking them silently would mislead. */
export const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ["ansible_become_flags", "hawser calls sudo, su or doas with flags of its own; for HOME of the other user use a login shell in the command"],
  ["ansible_become_exe", "hawser finds sudo, su and doas in the PATH"],
  ["ansible_ssh_executable", "hawser runs no ssh program"],
  ["ansible_sftp_extra_args", "hawser runs no sftp program"],
  ["ansible_scp_extra_args", "hawser runs no scp program"],
]);
