import { connect as connectTcp, type Socket } from "node:net";
import type { Client, ClientChannel } from "ssh2";
import SSH2Promise from "ssh2-promise";
import { HawserError } from "../errors/index.ts";
import { gatherAuth } from "./auth.ts";
import { connectFailure } from "./connect-failure.ts";
import { placeOf, type Hop } from "./hop.ts";
import { checkHostKey, preferred, recordedFor } from "./host-key.ts";
import { randomWord } from "./program.ts";
import { signAtOnce } from "./sign-at-once.ts";
import { SshTransport } from "./ssh-transport.ts";

/** ssh2 gives up at the interval after this many went unanswered, so three intervals of silence end a connection. */
const UNANSWERED = 2;
/** Milliseconds that a refused host may take to hang up. */
const GOODBYE = 500;

/**
 * Makes one ssh connection, straight or through the one that stands to the jump host.
 * @throws Unreachable naming host, address, cause and what to try
 */
export async function connectHop(hop: Hop, via: SshTransport | undefined): Promise<SshTransport> {
  const [recorded, auth] = await Promise.all([recordedFor(hop), gatherAuth(hop)]);
  const deadline = Date.now() + hop.connectTimeout * 1000;
  let refused: unknown;
  let hostKey = Buffer.alloc(0);
  let lastError: unknown;
  try {
    const sock = via ? await through(via, hop, deadline) : await tcp(hop, deadline);
    // The inner class only, one object per hop: the outer one shares connections by user@host, even across jump hosts.
    const ssh = new SSH2Promise.SSH({
      host: hop.address,
      port: hop.port,
      username: hop.user,
      uniqueId: randomWord(),
      reconnect: false,
      sock,
      authHandler: auth.handler,
      algorithms: { serverHostKey: preferred(recorded) },
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
        hostKey = Buffer.from(key);
        checkHostKey(hop, recorded, key).then(
          () => verify(true),
          (error: unknown) => {
            refused = error;
            verify(false);
            // It says goodbye and waits for the other side to hang up, which a stranger need not do.
            setTimeout(() => sock.destroy(), GOODBYE).unref();
          },
        );
      },
      readyTimeout: Math.max(1, deadline - Date.now()),
      keepaliveInterval: hop.keepalive * 1000,
      keepaliveCountMax: UNANSWERED,
    });
    const connecting = ssh.connect();
    const client = clientOf(ssh);
    client.on("error", (error) => (lastError ??= error));
    client.once("handshake", () => signAtOnce(client));
    await connecting;
    client.setNoDelay(true);
    return new SshTransport(client, { host: hop.label, place: placeOf(hop), user: hop.user, hostKey, stream: sock, via });
  } catch (error) {
    if (refused) throw refused;
    if (error instanceof HawserError && !via) throw error;
    throw connectFailure(hop, lastError ?? error, via?.place, auth.describe());
  }
}

/** ssh2-promise calls its Client private, but offers no other way to exec with listeners attached in time. */
function clientOf(ssh: InstanceType<typeof SSH2Promise.SSH>): Client {
  return (ssh as unknown as { readonly sshConnection: Client }).sshConnection;
}

function tcp(hop: Hop, deadline: number): Promise<Socket> {
  // Of two small writes in a row the second would wait for the other side to acknowledge the first (Nagle): 1.5 round trips.
  const socket = connectTcp({ host: hop.address, port: hop.port, family: hop.family, localAddress: hop.bindAddress, noDelay: true });
  const connected = new Promise<Socket>((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
  return before(deadline, connected).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
}

async function through(via: SshTransport, hop: Hop, deadline: number): Promise<ClientChannel> {
  const opening = via.forward(hop.address, hop.port);
  return await before(deadline, opening).catch((error: unknown) => {
    // One that comes too late has nobody to close it.
    void opening.then((channel) => channel.destroy(), () => {});
    throw error;
  });
}

async function before<T>(deadline: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error("timed out"), { code: "ETIMEDOUT" })), Math.max(1, deadline - Date.now()));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
