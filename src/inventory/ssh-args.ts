import type { Place } from "./problem.ts";
import type { Entry, Leaf } from "./tree.ts";
import { splitWords } from "./words.ts";

/** Ansible's variables with arguments for the ssh program. Each is replaced as a whole by a stronger layer. */
export const SSH_ARGS = ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"] as const;

/** What the arguments say in hawser's settings, by their keys under `ssh`. */
export interface ArgSettings {
  readonly settings: ReadonlyMap<string, Entry>;
  readonly problems: readonly Remark[];
  /** What is left out and reaches the same host all the same. */
  readonly warnings: readonly Remark[];
}

interface Remark {
  readonly message: string;
  readonly hint: string;
}

/** Options of ssh that change nothing here: hawser keeps its connections by itself and asks for nothing. */
const NEEDLESS = /^(?:controlmaster|controlpath|controlpersist|compression|loglevel|batchmode|gssapiauthentication|preferredauthentications|passwordauthentication|kbdinteractiveauthentication|pubkeyauthentication|tcpkeepalive|serveralivecountmax|identitiesonly|requesttty|addkeystoagent|visualhostkey|checkhostip|updatehostkeys|canonicalizehostname)$/;
const NEEDLESS_FLAGS = /^-[CqvTtnxak]+$/;
/** Options for what runs on the host, not for how it is reached. */
const LEFT_OUT = /^(?:-[AXY]|forwardagent|forwardx11|forwardx11trusted|sendenv|setenv)$/;
/** Options with a counterpart, in small letters. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ["proxyjump", "jump"],
  ["stricthostkeychecking", "host_key_checking"],
  ["userknownhostsfile", "known_hosts"],
  ["connecttimeout", "connect_timeout"],
  ["serveraliveinterval", "keepalive"],
  ["identityfile", "keys"],
  ["user", "user"],
  ["port", "port"],
  ["hostname", "address"],
]);
const FLAGS: ReadonlyMap<string, string> = new Map([["-J", "proxyjump"], ["-i", "identityfile"], ["-l", "user"], ["-p", "port"]]);
const HOST_KEYS: ReadonlyMap<string, string> = new Map([["yes", "strict"], ["ask", "strict"], ["no", "off"], ["off", "off"], ["accept-new", "accept-new"]]);
const SAY_IT = "say it under ssh: address, port, user, key, jump, known_hosts, host_key_checking, connect_timeout, keepalive";

/** Reads arguments of ssh. What cannot be understood is a problem: dropping it silently would reach another machine. */
export function readSshArgs(text: string, place: Place): ArgSettings {
  const settings = new Map<string, Entry>();
  const problems: Remark[] = [];
  const warnings: Remark[] = [];
  const words = splitWords(text, { comments: false });
  if ("wrong" in words) return { settings, warnings, problems: [{ message: words.wrong, hint: "quote a value with spaces as a whole" }] };
  const leaveOut = (option: string): void => void warnings.push({ message: `${option} is not used`, hint: "hawser forwards neither agent nor display" });
  const set = (option: string, value: string): void => {
    const name = option.toLowerCase();
    const key = name === "proxycommand" ? "jump" : KNOWN.get(name);
    if (NEEDLESS.test(name)) return;
    if (LEFT_OUT.test(name)) {
      leaveOut(option);
      return;
    }
    const meaning = name === "proxycommand" ? jumpOf(value) : key === "host_key_checking" ? HOST_KEYS.get(value.toLowerCase()) : value;
    if (key === undefined || meaning === undefined) {
      const what = name === "proxycommand" ? "this ProxyCommand cannot be turned into a jump" : `hawser has nothing like ${option}`;
      problems.push({ message: what, hint: name === "proxycommand" ? 'hawser runs no ssh program: write ssh: { jump: "user@bastion:22" }; a bastion with a key of its own is a host of the inventory, named in jump' : SAY_IT });
    } else if (!settings.has(key)) settings.set(key, { key: place, tree: leaf(key, meaning, place) });
  };
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i]?.text ?? "";
    const flag = word.slice(0, 2);
    const valueOf = (): string => (word.length > 2 ? word.slice(2) : (words[(i += 1)]?.text ?? ""));
    if (flag === "-o") {
      const [, option = "", value = ""] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*)$/s.exec(valueOf()) ?? [];
      set(option === "" ? "-o" : option, value);
    } else if (FLAGS.has(flag)) set(FLAGS.get(flag) ?? "", valueOf());
    else if (LEFT_OUT.test(word)) leaveOut(word);
    else if (!NEEDLESS_FLAGS.test(word)) problems.push({ message: `hawser has nothing like ${word}`, hint: SAY_IT });
  }
  return { settings, problems, warnings };
}

function leaf(key: string, value: string, place: Place): Leaf {
  const number = ["port", "connect_timeout", "keepalive"].includes(key) && /^\d+$/.test(value);
  return { kind: "leaf", place, value: number ? Number(value) : value };
}

/** `ssh -W %h:%p user@bastion` with a port, or the older `ssh bastion nc %h %p`, as a jump; undefined for another program or for keys of its own. */
function jumpOf(command: string): string | undefined {
  const words = splitWords(command, { comments: false });
  if ("wrong" in words) return undefined;
  let [host, port, user, forwards]: [string | undefined, string | undefined, string | undefined, boolean] = [undefined, undefined, undefined, false];
  const [program, ...rest] = words.map((word) => word.text);
  if (command.trim() === "none") return "none";
  if (program !== "ssh" && program?.endsWith("/ssh") !== true) return undefined;
  for (let i = 0; i < rest.length; i += 1) {
    const word = rest[i] ?? "";
    const flag = word.slice(0, 2);
    const valueOf = (): string => (word.length > 2 ? word.slice(2) : (rest[(i += 1)] ?? ""));
    if (flag === "-W") forwards = ["%h:%p", "[%h]:%p"].includes(valueOf());
    else if (flag === "-p") port = valueOf();
    else if (flag === "-l") user = valueOf();
    else if (flag === "-o") {
      const option = valueOf().toLowerCase();
      if (!/^\s*(?:stricthostkeychecking|userknownhostsfile|connecttimeout|serveralive\w+)\b/.test(option) && !NEEDLESS.test(/^\s*(\w*)/.exec(option)?.[1] ?? "")) return undefined;
    } else if (NEEDLESS_FLAGS.test(word)) continue;
    else if (word.startsWith("-")) return undefined;
    else if (host === undefined) host = word;
    else if (/^(?:nc|netcat)$/.test(word) && /^(?:-\S+ )*%h %p$/.test(rest.slice(i + 1).join(" "))) [forwards, i] = [true, rest.length];
    else return undefined;
  }
  if (host === undefined || !forwards) return undefined;
  return `${user === undefined || host.includes("@") ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;
}
