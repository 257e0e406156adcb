import { Unreachable } from "../engine/session.ts";

export { BecomeFailed, ConnectionLost, ShellEnded, Unreachable } from "../engine/session.ts";

/** The host's key is not the recorded one, not recorded, or revoked. Trying again does not help. */
export class HostKeyRefused extends Unreachable {}
