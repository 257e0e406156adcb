import { z } from "hawser";

/** What Docker takes as the name of a service, network, config or secret. */
export const objectName = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/, "letters, digits, `_`, `.` and `-`, 63 at most");

/** As Compose writes it: `10s`, `1m30s`, `500ms`. */
export const duration = z.string().regex(/^(?=\d)(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?$/, "a duration such as 10s, 1m30s or 500ms");

const UNITS: Readonly<Record<string, number>> = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6 };

/** Nanoseconds, as the engine counts time. */
export const nanoseconds = (text: string): number => [...text.matchAll(/(\d+)(ms|h|m|s)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0), 0);

const bytes = z.union([z.number().int().positive(), z.string().regex(/^\d+[bkmgBKMG]?$/, "bytes, or a number with b, k, m or g behind it")]).transform(bytesOf);

function bytesOf(value: string | number): number {
  const [, count = "0", unit = "b"] = /^(\d+)([bkmg]?)$/i.exec(String(value)) ?? [];
  return Number(count) * 1024 ** ["b", "k", "m", "g"].indexOf(unit.toLowerCase() || "b");
}

const port = z.number().int().min(1).max(65535);

const published = z.strictObject({
  target: port.describe("The port inside the container."),
  published: port.describe("The port on the hosts."),
  protocol: z.enum(["tcp", "udp"]).default("tcp").describe("Which transport."),
  mode: z.enum(["ingress", "host"]).default("ingress").describe("`ingress`: every host of the cluster answers and passes it on to a task (the routing mesh). `host`: only hosts that run a task answer."),
});

const mounted = (where: string) =>
  z
    .union([
      objectName,
      z.strictObject({
        source: objectName.describe("Its name in these vars."),
        target: z.string().min(1).optional().describe(`Where the containers find it. Default: ${where}.`),
        uid: z.string().regex(/^\d+$/).default("0").describe("Its owner in the container, a number in quotes."),
        gid: z.string().regex(/^\d+$/).default("0").describe("Its group in the container, a number in quotes."),
        mode: z.string().regex(/^[0-7]{4}$/, 'four octal digits in quotes, such as "0444"').default("0444").describe("Four octal digits in quotes."),
      }),
    ])
    .transform((value) => (typeof value === "string" ? { source: value, target: undefined, uid: "0", gid: "0", mode: "0444" } : { ...value, target: value.target }));

const volume = z.strictObject({
  type: z.enum(["volume", "bind", "tmpfs"]).describe("What is mounted."),
  source: z.string().min(1).optional().describe("The volume's name, or the folder on the host. A volume is the host's own: a task that moves finds an empty one."),
  target: z.string().regex(/^\//, "an absolute path").describe("Where in the container."),
  read_only: z.boolean().default(false).describe("Not writable."),
});

const healthcheck = z.strictObject({
  test: z.array(z.string()).min(1).describe('`["CMD", "program", "argument"]`, or `["CMD-SHELL", "text"]`.'),
  interval: duration.default("30s").describe("Between two looks."),
  timeout: duration.default("30s").describe("Of one look."),
  retries: z.number().int().min(1).default(3).describe("Failed looks in a row until the task is unhealthy and replaced."),
  start_period: duration.default("0s").describe("Failures in this time from the start do not count."),
});

const rollout = (order: string, onFailure: "rollback" | "pause") => ({
  parallelism: z.number().int().min(0).default(1).describe("Tasks at a time; 0 for all."),
  delay: duration.default("0s").describe("Between two steps."),
  order: z.enum(["start-first", "stop-first"]).optional().describe(`Whether the new task runs before the old one stops. Default: ${order}.`),
  monitor: duration.default("10s").describe("For how long a new task must run to count as good."),
  max_failure_ratio: z.number().min(0).max(1).default(0).describe("The share of tasks that may fail."),
  failure_action: z.enum(["rollback", "pause", "continue"]).default(onFailure).describe("What Docker does when more fail."),
});

const ORDER = "start-first, and stop-first where a port is published in mode host";

const restart = z.strictObject({
  condition: z.enum(["none", "on-failure", "any"]).default("any").describe("After which ends a task is started anew."),
  delay: duration.default("5s").describe("Between two starts."),
  max_attempts: z.number().int().min(0).default(0).describe("Starts until it is given up; 0 for no limit."),
  window: duration.default("0s").describe("In which attempts are counted; 0s for always."),
});

const amounts = { cpus: z.number().positive().optional().describe("Processors, also a part of one: 0.5."), memory: bytes.optional().describe("Bytes, or with k, m or g behind: 256m.") };

const deploy = z.strictObject({
  mode: z.enum(["replicated", "global"]).default("replicated").describe("So many tasks, or one on each node."),
  replicas: z.number().int().min(0).default(1).describe("Tasks of a replicated service. With one, a drain interrupts it: two or more, and nothing is lost."),
  endpoint_mode: z.enum(["vip", "dnsrr"]).default("vip").describe("How other services reach it: one address before all tasks (needs IPVS in the kernel), or the tasks' own addresses by DNS."),
  placement: z
    .strictObject({
      constraints: z.array(z.string().regex(/^\S+ *(?:==|!=) *\S.*$/, "such as node.labels.region==la")).default([]).describe("Nodes that may run it: `node.labels.region==la`, `node.role!=manager`."),
      preferences: z.array(z.strictObject({ spread: z.string().describe("A label, such as `node.labels.region`.") })).default([{ spread: "node.labels.region" }]).describe("By what tasks are spread. Default: over the regions."),
      max_replicas_per_node: z.number().int().min(0).default(0).describe("0 for no limit."),
    })
    .prefault({})
    .describe("On which nodes it runs."),
  update_config: z.strictObject(rollout(ORDER, "rollback")).prefault({}).describe("How a new version comes. By default one task at a time, the new one before the old one goes, and back to what was when one fails."),
  rollback_config: z.strictObject(rollout(ORDER, "pause")).prefault({}).describe("How the version before comes back."),
  restart_policy: restart.prefault({}).describe("When a task that ended is started anew."),
  resources: z
    .strictObject({ limits: z.strictObject({ ...amounts, pids: z.number().int().positive().optional().describe("Processes.") }).default({}).describe("What a task may take."), reservations: z.strictObject(amounts).default({}).describe("What a node must have to spare.") })
    .prefault({})
    .describe("Processors and memory."),
  labels: z.record(z.string(), z.string()).default({}).describe("Labels of the service itself."),
});

const words = z.array(z.string()).optional();
const text = z.string().min(1).optional();

/** A service in the words of Compose. */
export const serviceSchema = z.strictObject({
  image: z.string().min(1).describe("As it is pulled by each node: no registry is asked by hawser. With a digest (`name@sha256:…`) all nodes run the same, and a new one is a change; a tag is what each node takes it for."),
  command: words.describe("Takes the place of the image's command. A list."),
  entrypoint: words.describe("Takes the place of the image's entry point. A list."),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}).describe("Environment variables. Not for secrets: who may inspect a service sees them."),
  hostname: text.describe("The containers' host name; may hold `{{.Node.Hostname}}` and the like."),
  user: text.describe("User in the container."),
  working_dir: text.describe("Working directory in the container."),
  init: z.boolean().optional().describe("Runs an init as the first process."),
  read_only: z.boolean().default(false).describe("The root file system is not writable."),
  stop_signal: text.describe("What ends a container. Default: the image's, mostly SIGTERM."),
  stop_grace_period: duration.default("10s").describe("From that signal until it is killed."),
  extra_hosts: z.array(z.string().regex(/^[^\s:]+:\S+$/, "name:address")).default([]).describe("`name:address`, for /etc/hosts."),
  cap_add: z.array(z.string()).default([]).describe("Capabilities beside the usual ones."),
  cap_drop: z.array(z.string()).default([]).describe("Capabilities taken away."),
  ports: z.array(published).default([]).describe("What is reached from outside."),
  networks: z.array(objectName).default([]).describe("Names of `networks`. Services of one network reach one another by their names."),
  configs: z.array(mounted("`/NAME`")).default([]).describe("Names of `configs`, or mappings."),
  secrets: z.array(mounted("`/run/secrets/NAME`")).default([]).describe("Names of `secrets`, or mappings."),
  volumes: z.array(volume).default([]).describe("What is mounted."),
  healthcheck: healthcheck.optional().describe("How one sees that a task works: no request goes to one that is not healthy yet. Default: the image's."),
  logging: z.strictObject({ driver: z.string().describe("As `docker logs` knows them, such as json-file, journald, fluentd."), options: z.record(z.string(), z.string()).default({}).describe("The driver's options.") }).optional().describe("Where output goes. Default: the engine's."),
  labels: z.record(z.string(), z.string()).default({}).describe("Labels of the containers."),
  deploy: deploy.prefault({}).describe("How many, where, and how they change."),
});

export type Service = z.output<typeof serviceSchema>;
