import type { ConsulEnd } from "./cluster.ts";

/** Of the host's own agent, which listens for its host alone. */
export const consulUrl = ({ consul }: Pick<ConsulEnd, "consul">, path: string): string => `http://127.0.0.1:${consul.ports.http}/v1/${path}`;
