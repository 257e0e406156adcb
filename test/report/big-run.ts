import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { counts, DIFF, resource } from "./recording.ts";

export interface BigRun {
  readonly hosts: number;
  readonly resources: number;
  /** Every how many resources one is changed. Default 7; 0 for none. */
  readonly changes?: number;
  readonly check?: boolean;
}

const ROLES = ["base", "strongswan", "gre", "bfd", "postgres-pglogical"];
const KINDS = ["file:/etc/app/part", "package:tool", "service:daemon", "line:/etc/conf", "task:step"];

/** The events of a made-up run; of its hosts one fails, one is unreachable, and one warns. */
export function bigRun({ hosts: size, resources, changes = 7, check = false }: BigRun): RunEvent[] {
  const hosts = Array.from({ length: size }, (_, i) => `${i % 2 === 0 ? "la" : "sg"}-node-${String(Math.floor(i / 2) + 1).padStart(2, "0")}`);
  const events: RunEvent[] = [];
  const say = (at: number, event: Unstamped) => events.push({ at: Math.round(at), ...event });
  say(0, { event: "start", playbook: "site", check, plays: ["everything"], hosts });
  say(300, { event: "play", play: "everything", index: 0, hosts, roles: ROLES });
  const recap: Record<string, ReturnType<typeof counts>> = {};
  for (const [i, host] of hosts.entries()) {
    const own = counts();
    recap[host] = own;
    let at = 20 + (i % 10) * 15;
    const phase = (name: Extract<RunEvent, { event: "phase" }>["phase"], took: number): void => {
      say(at, { event: "phase", host, phase: name });
      at += took;
    };
    phase("connecting", 200 + (i % 7) * 40);
    if (i === 5) {
      say(at, { event: "failure", failure: { message: "connect ETIMEDOUT 203.0.113.9:22", host, unreachable: true, hint: "is it up, and does port 22 answer?" } });
      say(at, { event: "phase", host, phase: "unreachable" });
      own.unreachable = true;
      continue;
    }
    phase("facts", 100);
    phase("probing", 180 + (i % 5) * 30);
    phase("planning", 20);
    phase("applying", 0);
    if (i === 3) say(at, { event: "warning", host, message: "the clock is 4 s behind the controller's", source: { file: "/srv/site/playbooks/site.ts", line: 12, column: 3 } });
    for (let n = 0; n < resources; n++) {
      const role = ROLES[Math.floor((n * ROLES.length) / resources)] ?? "base";
      const id = `${role}/${KINDS[n % KINDS.length]}-${n}`;
      if (i === 2 && n === Math.floor(resources * 0.6)) {
        at += 900;
        say(at, resource(host, id, "failed", { play: "everything", seconds: 0.9, failure: { message: "exited 22", exitCode: 22, stderr: "swanctl: connecting to 'unix:///var/run/charon.vici' failed: No such file or directory\nError: connecting to 'default' URI failed", hint: "is the daemon up? journalctl -u strongswan" } }));
        own.failed++;
        own.notReached = resources - n - 1;
        break;
      }
      if (changes > 0 && n % changes === i % 3) {
        const took = 30 + ((n * 37 + i * 11) % 200);
        at += check ? 0 : took;
        say(at, resource(host, id, check ? "would-change" : "changed", { play: "everything", summary: n % 2 === 0 ? "content, mode 0644 -> 0600" : "install", ...(!check && { seconds: took / 1000 }), ...(n % 2 === 0 && { diff: i === 0 ? DIFF.replace("1360", "1358") : DIFF }) }));
        if (check) own.wouldChange++;
        else own.changed++;
      } else {
        say(at, resource(host, id, "ok", { play: "everything" }));
        own.ok++;
      }
    }
    phase(own.failed > 0 ? "failed" : "proving", 150);
    say(at, { event: "phase", host, phase: "done" });
  }
  const end = Math.max(...events.map(({ at }) => at)) + 50;
  say(end, { event: "recap", result: size > 2 ? "failed" : "ok", hosts: recap, pendingHandlers: {}, seconds: end / 1000 });
  return events.toSorted((a, b) => a.at - b.at);
}
