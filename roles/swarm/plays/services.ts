import { readFileSync } from "node:fs";
import path from "node:path";
import { defineRole, UsageError, type HostView } from "hawser";
import { swarmData } from "../data-kind.ts";
import { assertServices } from "../health.ts";
import { entryOf, groupsOf, objectsOf } from "../layout.ts";
import { swarmNetwork } from "../network-kind.ts";
import { swarmPrune } from "../prune-kind.ts";
import { refuse } from "../refuse.ts";
import { swarmService } from "../service-kind.ts";
import { schema } from "../vars.ts";

/**
 * What runs in the cluster, once its nodes are there: in a play of its own, with the vars of role swarm. Declared on the entry alone.
 */
export const swarmServices = defineRole(import.meta, {
  name: "swarm-services",
  summary: "Networks, configs, secrets, services and stacks of a Docker Swarm, with rolling updates that go back when they do not hold.",
  vars: schema,
  validate({ vars, host, peers }) {
    refuse({ host, vars }, peers);
    if (entryOf([{ host, vars }, ...peers]).host.name === host.name) objectsOf(vars, reader(host));
  },
  // By the routing mesh every node answers, whether it runs a task or not.
  listens: ({ vars }) => groupsOf(vars).flatMap(({ path: [...at], group }) => Object.entries(group.services).flatMap(([name, { ports }]) => ports.map(({ published, protocol }, i) => ({ port: published, protocol, what: `service ${name} of the Swarm`, var: [...at, "services", name, "ports", i] })))),
  tasks({ t, vars, host, members }) {
    if (entryOf(members).host.name !== host.name) return;
    const { networks, data, services } = objectsOf(vars, reader(host));
    for (const { name, mtu = vars.mtu, subnet, ...rest } of networks) t.add(swarmNetwork, { name, mtu, ...(subnet !== undefined && { subnet }), ...rest });
    for (const { type, name, versioned, content, labels } of data) t.add(swarmData, { type, name, versioned, content, labels: { ...labels } });
    for (const each of services) t.add(swarmService, { ...each, configs: [...each.configs], secrets: [...each.secrets], within: vars.update_timeout }, { applyTimeout: vars.update_timeout + 60 });
    t.add(swarmPrune, { services: services.map(({ name, spec }) => ({ name, spec })), networks: networks.map(({ name }) => name), data: data.map(({ versioned }) => versioned), keepServices: !vars.prune });
  },
  verify({ v, vars, host, members }) {
    if (entryOf(members).host.name === host.name) assertServices(v, objectsOf(vars, reader(host)).services);
  },
});

/** Files of configs lie beside the inventory's file that names them. */
const reader = (host: HostView) => (file: string): string => {
  const source = host.at("swarm");
  const full = path.resolve(path.dirname(source.file), file);
  try {
    return readFileSync(full, "utf8");
  } catch (error) {
    throw new UsageError(`a config's file cannot be read: ${(error as Error).message}`, { source, cause: error, hint: `relative names start in ${path.dirname(full)}` });
  }
};
