import { MANAGED } from "./api.ts";
import { nanoseconds, type Service } from "./service-vars.ts";

/** What a service refers to, by the names that it has in the cluster. */
export interface Names {
  /** Its own. */
  readonly service: string;
  /** The stack that it is of. */
  readonly stack?: string;
  readonly network: (name: string) => string;
  /** With the hash of the content in it. */
  readonly config: (name: string) => string;
  readonly secret: (name: string) => string;
}

/** Stands for an id that only the host knows, until the script puts the id there. */
export const idOf = (kind: "config" | "secret", name: string): string => `@${kind}:${name}@`;

type Mounted = Service["configs"][number];
type Rollout = Service["deploy"]["update_config"];

/** A service as Docker's API takes it. What is not said has its zero value, so that a drift in it is seen. */
export function specOf(service: Service, names: Names): Record<string, unknown> {
  const { deploy } = service;
  const stopFirst = service.ports.some(({ mode }) => mode === "host");
  const labels = names.stack === undefined ? {} : { "com.docker.stack.namespace": names.stack };
  const file = ({ source, target, uid, gid, mode }: Mounted, usual: string) => ({ Name: target ?? usual + source, UID: uid, GID: gid, Mode: Number.parseInt(mode, 8) });
  return {
    Name: names.service,
    Labels: { ...deploy.labels, ...labels, [MANAGED]: names.service },
    TaskTemplate: {
      ContainerSpec: {
        Image: service.image,
        Labels: { ...service.labels, ...labels },
        Command: service.entrypoint ?? [],
        Args: service.command ?? [],
        Hostname: service.hostname ?? "",
        Env: Object.entries(service.environment).map(([name, value]) => `${name}=${value}`),
        Dir: service.working_dir ?? "",
        User: service.user ?? "",
        Init: service.init ?? null,
        ReadOnly: service.read_only,
        StopSignal: service.stop_signal ?? "",
        StopGracePeriod: nanoseconds(service.stop_grace_period),
        Mounts: service.volumes.map(({ type, source, target, read_only }) => ({ Type: type, Source: source ?? "", Target: target, ReadOnly: read_only })),
        Healthcheck: healthcheckOf(service),
        // Docker writes them as lines of /etc/hosts.
        Hosts: service.extra_hosts.map((entry) => `${entry.slice(entry.indexOf(":") + 1)} ${entry.slice(0, entry.indexOf(":"))}`),
        CapabilityAdd: service.cap_add.map(capability),
        CapabilityDrop: service.cap_drop.map(capability),
        Secrets: service.secrets.map((each) => ({ File: file(each, ""), SecretID: idOf("secret", names.secret(each.source)), SecretName: names.secret(each.source) })),
        Configs: service.configs.map((each) => ({ File: file(each, "/"), ConfigID: idOf("config", names.config(each.source)), ConfigName: names.config(each.source) })),
      },
      Resources: {
        Limits: { ...amounts(deploy.resources.limits), Pids: deploy.resources.limits.pids ?? 0 },
        Reservations: amounts(deploy.resources.reservations),
      },
      RestartPolicy: { Condition: deploy.restart_policy.condition, Delay: nanoseconds(deploy.restart_policy.delay), MaxAttempts: deploy.restart_policy.max_attempts, Window: nanoseconds(deploy.restart_policy.window) },
      Placement: {
        Constraints: deploy.placement.constraints,
        Preferences: deploy.mode === "global" ? [] : deploy.placement.preferences.map(({ spread }) => ({ Spread: { SpreadDescriptor: spread } })),
        MaxReplicas: deploy.placement.max_replicas_per_node,
      },
      Networks: service.networks.map((name) => ({ Target: names.network(name), Aliases: [name === names.service ? name : aliasOf(names)] })),
      LogDriver: service.logging === undefined ? null : { Name: service.logging.driver, Options: service.logging.options },
    },
    Mode: deploy.mode === "global" ? { Global: {} } : { Replicated: { Replicas: deploy.replicas } },
    UpdateConfig: rolloutOf(deploy.update_config, stopFirst),
    RollbackConfig: rolloutOf(deploy.rollback_config, stopFirst),
    EndpointSpec: {
      Mode: deploy.endpoint_mode,
      Ports: service.ports.map(({ protocol, target, published, mode }) => ({ Protocol: protocol, TargetPort: target, PublishedPort: published, PublishMode: mode })),
    },
  };
}

/** In a stack others know it by the name that it has there. */
const aliasOf = ({ service, stack }: Names): string => (stack === undefined ? service : service.slice(stack.length + 1));

const capability = (name: string): string => (/^(?:CAP_|ALL$)/i.test(name) ? name : `CAP_${name}`).toUpperCase();

const amounts = ({ cpus, memory }: { readonly cpus?: number | undefined; readonly memory?: number | undefined }) => ({ NanoCPUs: Math.round((cpus ?? 0) * 1e9), MemoryBytes: memory ?? 0 });

function healthcheckOf({ healthcheck }: Service): Record<string, unknown> | null {
  if (healthcheck === undefined) return null;
  const { test, interval, timeout, retries, start_period } = healthcheck;
  return { Test: test, Interval: nanoseconds(interval), Timeout: nanoseconds(timeout), Retries: retries, StartPeriod: nanoseconds(start_period) };
}

const rolloutOf = (rollout: Rollout, stopFirst: boolean) => ({
  Parallelism: rollout.parallelism,
  Delay: nanoseconds(rollout.delay),
  FailureAction: rollout.failure_action,
  Monitor: nanoseconds(rollout.monitor),
  MaxFailureRatio: rollout.max_failure_ratio,
  Order: rollout.order ?? (stopFirst ? "stop-first" : "start-first"),
});
