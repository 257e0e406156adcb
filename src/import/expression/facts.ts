import { code, type Code, LEVEL, quoted } from "./code.ts";
import type { Scope } from "./scope.ts";
import { listOf, NUMBER, TEXT, type Type } from "./types.ts";

/** Ansible's words for what hawser names otherwise; `kinds` are compared by their own word. */
interface Fact {
  readonly text: string;
  readonly type: Type;
  readonly level?: number;
  readonly maybe?: true;
  /** Ansible's word to hawser's. */
  readonly words?: Readonly<Record<string, string>>;
}

const FAMILIES = { Debian: "debian", RedHat: "el" };
const DISTRIBUTIONS = { Debian: "debian", Ubuntu: "ubuntu", RedHat: "rhel", CentOS: "centos", Rocky: "rocky", AlmaLinux: "almalinux", Fedora: "fedora", OracleLinux: "ol", Amazon: "amzn", Alpine: "alpine", Archlinux: "arch", Raspbian: "raspbian" };

const FACTS: Readonly<Record<string, Fact>> = {
  os_family: { text: "family", type: TEXT, words: FAMILIES },
  distribution: { text: "os.id", type: TEXT, words: DISTRIBUTIONS },
  distribution_release: { text: "os.codename", type: TEXT },
  distribution_version: { text: "os.version", type: TEXT },
  distribution_major_version: { text: "os.major", type: TEXT },
  hostname: { text: "hostname", type: TEXT },
  nodename: { text: "hostname", type: TEXT },
  kernel: { text: "kernel.release", type: TEXT },
  architecture: { text: "kernel.machine", type: TEXT },
  machine: { text: "kernel.machine", type: TEXT },
  memtotal_mb: { text: "memoryMb", type: NUMBER },
  processor_vcpus: { text: "cpus", type: NUMBER },
  processor_nproc: { text: "cpus", type: NUMBER },
  pkg_mgr: { text: "packageManager", type: TEXT },
  service_mgr: { text: "init", type: TEXT, words: { systemd: "systemd" } },
  all_ipv4_addresses: { text: "addresses.filter(({ family }) => family === 4).map(({ address }) => address)", type: listOf(TEXT) },
};

/** Parts of `ansible_default_ipv4`. */
const ROUTE: Readonly<Record<string, string>> = { address: "source", gateway: "gateway", interface: "interface" };

/** A fact by Ansible's name without `ansible_`. */
export function factOf(name: string, scope: Scope): Code | undefined {
  const fact = Object.hasOwn(FACTS, name) ? FACTS[name] : undefined;
  // Its words differ: only a comparison with one of them can be converted.
  if (fact === undefined || fact.words !== undefined) return undefined;
  const text = `${scope.given("facts")}.${fact.text}`;
  // A number here, text there.
  return name === "distribution_major_version" ? code(`String(${text})`, TEXT) : code(text, fact.type, fact.level ?? LEVEL.postfix);
}

/** A fact whose words differ, and its words. */
export function wordedFact(name: string, scope: Scope): { readonly of: Code; readonly words: Readonly<Record<string, string>> } | undefined {
  const fact = Object.hasOwn(FACTS, name) ? FACTS[name] : undefined;
  return fact?.words === undefined ? undefined : { of: code(`${scope.given("facts")}.${fact.text}`, fact.type), words: fact.words };
}

export function routeOf(part: string, scope: Scope): Code | undefined {
  const name = Object.hasOwn(ROUTE, part) ? ROUTE[part] : undefined;
  return name === undefined ? undefined : { ...code(`${scope.given("facts")}.defaultRoute?.${name}`, TEXT), maybe: true };
}

/** Variables that Ansible itself sets. */
export function magicOf(name: string, scope: Scope): Code | undefined {
  switch (name) {
    case "inventory_hostname":
      return code(`${scope.given("host")}.name`, TEXT);
    case "inventory_hostname_short":
      return code(`${scope.given("host")}.name.split(".")[0]`, TEXT);
    case "group_names":
      return code(`${scope.given("host")}.groups`, listOf(TEXT));
    case "ansible_host":
      return code(`${scope.given("host")}.address`, TEXT);
    case "ansible_managed":
      return code(quoted("Ansible managed"), TEXT, LEVEL.primary);
    default:
      return name.startsWith("ansible_") ? factOf(name.slice("ansible_".length), scope) : undefined;
  }
}
