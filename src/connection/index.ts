export { connectorFor, localConnector, sshConnector, type ConnectorOptions } from "./connector.ts";
export { HostKeyRefused } from "./errors.ts";
export { forwarderFor, type Forwarder } from "./forwarder.ts";
export type { KeptConnection } from "./keeper/wire.ts";
export { parseJump, type HostResolver } from "./resolve-hop.ts";
export type { Become, Connection, HostKeyChecking, Target } from "./target.ts";
