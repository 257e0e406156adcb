import { isIPv4 } from "node:net";
import type { Listener } from "../dsl/role.ts";
import { formatSource, type SourceLine, UsageError } from "../errors/index.ts";
import type { InventoryHost } from "../inventory/index.ts";
import { declaring } from "./declaring.ts";
import { hostView, peersOf } from "./members.ts";
import type { ResolvedPlay, RoleOnHost } from "./resolve.ts";

/** A port of one host, and who wants it. */
interface Wanted extends Listener {
  /** The role's instance. */
  readonly by: string;
  readonly source: SourceLine;
}

/**
 * Asks the roles of all plays what they listen on.
 * @throws UsageError of the first port that two services of one host want
 */
export function refuseClashes(plays: readonly ResolvedPlay[]): void {
  const hosts = new Map<string, Wanted[]>();
  for (const { all, roles } of plays) {
    for (const host of all) {
      const before = hosts.get(host.name) ?? [];
      // A role that stands in two plays is the same service in both.
      const known = new Set(before.map(({ by }) => by));
      hosts.set(host.name, before);
      for (const on of roles.get(host.name) ?? []) {
        if (known.has(on.use.name)) continue;
        for (const wanted of wantedOn(host, on, plays)) {
          const rival = before.find((other) => clash(other, wanted));
          if (rival) throw refusal(host.name, rival, wanted);
          before.push(wanted);
        }
      }
    }
  }
}

function wantedOn(host: InventoryHost, { use, vars, at }: RoleOnHost, plays: readonly ResolvedPlay[]): Wanted[] {
  const { listens } = use.role;
  if (!listens) return [];
  const input = {
    vars,
    host: hostView(host),
    // Few roles ask, and in a large fleet a list of all hosts for each host is a lot.
    get peers() {
      return peersOf(use.name, host.name, plays);
    },
  };
  return declaring(use.name, use.source, () => listens(input as never)).map((listener) => ({ ...listener, by: use.name, source: at(listener.var ?? []) }));
}

const clash = (one: Listener, other: Listener): boolean => one.port === other.port && one.protocol === other.protocol && overlap(one.address, other.address);

/** Whether a socket on one address is in the way of one on the other. Linux' `::` takes IPv4 as well. */
function overlap(one: string | undefined, other: string | undefined): boolean {
  if (one === other || isEvery(one) || isEvery(other)) return true;
  return (one === "0.0.0.0" && isIPv4(other ?? "")) || (other === "0.0.0.0" && isIPv4(one ?? ""));
}

const isEvery = (address: string | undefined): boolean => address === undefined || address === "*" || address === "::";

function refusal(host: string, first: Wanted, second: Wanted): UsageError {
  const words = ({ by, what, address }: Wanted): string => `${by} (${what}${address === undefined ? "" : ` on ${address}`})`;
  return new UsageError(`port ${second.port}/${second.protocol} of ${host} is wanted twice: by ${words(first)} and by ${words(second)}`, {
    source: second.source,
    hint: `the other is said at ${formatSource(first.source)}; give one of them another port, or each an address of its own`,
  });
}
