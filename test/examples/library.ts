import { run, type HostCounts, type Playbook } from "hawser";

/** Hosts on which something is not as declared. Nothing is changed. */
export async function drifted(site: Playbook, inventory: string): Promise<string[]> {
  let hosts: Readonly<Record<string, HostCounts>> = {};
  for await (const event of run(site, { inventory, check: true })) {
    if (event.event === "resource" && event.outcome === "would-change") console.log(`${event.host}: ${event.id}: ${event.summary}`);
    if (event.event === "recap") hosts = event.hosts;
  }
  return Object.entries(hosts).filter(([, counts]) => counts.wouldChange + counts.unknown > 0).map(([name]) => name);
}
