import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from "ssh2";
import type { Recorder } from "./recorder.ts";

export interface Counts {
  /** Connections: made so far, standing now, and the most that stood at once. */
  opened: number;
  open: number;
  mostOpen: number;
  /** Scripts that were answered. */
  scripts: number;
}

export interface Listening {
  readonly address: string;
  readonly port: number;
  /** The line of known_hosts. */
  readonly known: string;
}

/** An ed25519 key in OpenSSH's form. ssh2 makes one in some hundreds that it cannot read itself. */
export function keyPair(): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

/**
 * One simulated host: a real ssh server with a host key of its own, which takes the one login key and answers scripts from a
 * recording.
 */
export async function simulatedHost(address: string, login: ParsedKey, recorder: Recorder, counts: Counts): Promise<Listening> {
  const { private: privateKey, public: publicKey } = keyPair();
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
    counts.opened += 1;
    counts.open += 1;
    counts.mostOpen = Math.max(counts.mostOpen, counts.open);
    client.once("close", () => (counts.open -= 1));
    // The controller may hang up at any moment; that is its right.
    client.on("error", () => {});
    client.on("authentication", (context) => (takes(context, login) ? context.accept() : context.reject(["publickey"])));
    client.on("ready", () => serve(client, recorder, counts));
  });
  // oxlint-disable-next-line promise/avoid-new
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { address, port, known: `[${address}]:${port} ${publicKey.split(" ").slice(0, 2).join(" ")}` };
}

function takes(context: AuthContext, login: ParsedKey): boolean {
  if (context.method !== "publickey" || !context.key.data.equals(login.getPublicSSH())) return false;
  // Without a signature it only asks whether the key would do.
  if (context.signature === undefined || context.blob === undefined) return true;
  // Despite its type it may return an error.
  const verdict: unknown = login.verify(context.blob, context.signature, context.hashAlgo);
  return verdict === true;
}

function serve(client: Connection, recorder: Recorder, counts: Counts): void {
  client.on("session", (accept) => {
    accept().on("exec", (acceptExec, _reject, { command }) => {
      const channel = acceptExec();
      answer(channel, command, recorder, counts).catch((error: unknown) => {
        channel.stderr.write(`the simulated host cannot answer: ${(error as Error).message}\n`);
        channel.exit(70);
        channel.end();
      });
    });
  });
}

/** The command, then each script that comes on standard input after its length, gzipped or not, as hawser's loop reads them. */
async function answer(channel: ServerChannel, command: string, recorder: Recorder, counts: Counts): Promise<void> {
  const asked: string[] = [];
  const say = async (script: string): Promise<void> => {
    asked.push(script);
    for (const { stream, data } of await recorder.answer([...asked])) (stream === "stdout" ? channel : channel.stderr).write(data);
    counts.scripts += 1;
  };
  await say(Buffer.from(command).toString("latin1"));
  let held = "";
  for await (const chunk of channel) {
    held += (chunk as Buffer).toString("latin1");
    for (let next = firstScript(held); next !== undefined; next = firstScript(held)) {
      held = held.slice(next.end);
      await say(next.script);
    }
  }
  channel.exit(0);
  channel.end();
}

function firstScript(text: string): { readonly script: string; readonly end: number } | undefined {
  const newline = text.indexOf("\n");
  if (newline < 0) return undefined;
  const [length, packed] = text.slice(0, newline).split(" ").map(Number);
  const end = newline + 1 + (packed ?? length ?? 0);
  if (text.length < end) return undefined;
  const body = text.slice(newline + 1, end);
  return { script: packed === undefined ? body : gunzipSync(Buffer.from(body, "latin1")).toString("latin1"), end };
}
