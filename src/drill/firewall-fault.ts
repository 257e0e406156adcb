import type { Session } from "../engine/session.ts";
import { DrillError } from "./error.ts";
import type { Fault } from "./fault.ts";
import type { Drop } from "./firewall.ts";
import { ADDRESSES_SCRIPT, makeScript, UNMAKE_SCRIPT } from "./firewall-script.ts";
import type { Breakage } from "./scene.ts";

/** Seconds after the drill's own healing in which a host still waits for it before it heals itself. */
const GRACE = 30;

export interface FirewallFaultOptions {
  readonly connect: (host: string) => Promise<Session>;
  /** The address of a host as the inventory has it, or undefined when that is a name. */
  readonly addressOf: (host: string) => string | undefined;
  /** Seconds on the drill's clock. */
  readonly now: () => number;
  /** Seconds that the fault shall last. */
  readonly duration: number;
}

/** A fault by the hosts' own firewalls, each with a dead-man's timer. Connects, and changes nothing until `make`. */
export async function firewallFault(breakage: Breakage, { connect, addressOf, now, duration }: FirewallFaultOptions): Promise<Fault> {
  const names = hostsOf(breakage);
  const sessions = new Map(await Promise.all(names.map(async (host) => [host, await connect(host)] as const)));
  const friends = breakage.kind === "region" ? await friendsOf(sessions, addressOf) : [];
  const on = (act: (session: Session, host: string) => Promise<number>): Promise<number[]> => Promise.all([...sessions].map(([host, session]) => act(session, host)));
  return {
    what: `${sentence(breakage)}; ${names.length === 1 ? "it" : "each of them"} heals itself after ${duration + GRACE} s, whatever becomes of this machine`,
    async make() {
      const times = await on(async (session, host) => {
        const before = now();
        const { stdout } = await session.$`sh -c ${makeScript(dropOn(breakage, host, friends), duration + GRACE)}`.catch((cause: unknown) => {
          throw new DrillError(`${host}: the rules could not be made`, { cause, host, hint: "it needs nftables or iptables, and root" });
        });
        // What passed on the host between the script's beginning and its rules; the way there is not counted, so this is never late.
        const [began = Number.NaN, broken = Number.NaN] = stdout.trim().split("\n").map(Number);
        return before + Math.max(0, broken - began);
      });
      return Math.min(...times);
    },
    async heal() {
      await on(async (session, host) => {
        await session.$`sh -c ${UNMAKE_SCRIPT}`.catch(async () => {
          // The connection may have been lost meanwhile.
          await session.reconnect(duration + GRACE);
          await session.$`sh -c ${UNMAKE_SCRIPT}`;
        }).catch((cause: unknown) => {
          throw new DrillError(`${host} could not be healed from here; it heals itself within ${duration + GRACE} s of the fault`, { cause, host, hint: "afterwards nft list ruleset, or iptables -S, shows no hawser_drill" });
        });
        return 0;
      });
      const healed = now();
      await Promise.all([...sessions.values()].map((session) => session.close()));
      return healed;
    },
  };
}

/** One end of a tunnel drops both directions: the clients' end. */
function hostsOf(breakage: Breakage): readonly string[] {
  return breakage.kind === "tunnels" ? [...new Set(breakage.tunnels.map(({ from }) => from))] : breakage.hosts;
}

function dropOn(breakage: Breakage, host: string, friends: readonly string[]): Drop {
  return breakage.kind === "tunnels" ? { kind: "tunnels", tunnels: breakage.tunnels.filter(({ from }) => from === host) } : { kind: "isolate", friends };
}

function sentence(breakage: Breakage): string {
  if (breakage.kind === "tunnels") return `${hostsOf(breakage).join(", ")} will drop ${breakage.tunnels.map(({ host, address, traffic }) => `${traffic.join(" and ")} from and to ${host} (${address})`).join(", ")}`;
  if (breakage.kind === "region") return `the hosts of region ${breakage.region} (${breakage.hosts.join(", ")}) will drop everything but ssh from here and what passes among them`;
  return `${breakage.hosts.join(", ")} will drop everything but ssh from here`;
}

/** The hosts of a lost region still reach one another, by any of their addresses. */
async function friendsOf(sessions: ReadonlyMap<string, Session>, addressOf: (host: string) => string | undefined): Promise<string[]> {
  const own = await Promise.all([...sessions.values()].map(async (session) => (await session.$`sh -c ${ADDRESSES_SCRIPT}`).stdout.split("\n").filter((line) => line !== "")));
  const known = [...sessions.keys()].flatMap((host) => addressOf(host) ?? []);
  return [...new Set([...own.flat(), ...known])];
}
