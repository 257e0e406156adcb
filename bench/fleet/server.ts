/** The process of a simulated fleet; its parent gives the order and asks for the counts over the IPC channel. */
import { type AddressInfo, createServer } from "node:net";
import ssh2, { type ParsedKey } from "ssh2";
import { type RealHost, Recorder } from "./recorder.ts";
import { type Counts, simulatedHost } from "./simulated-host.ts";

/** What the fleet is to be. */
export interface Order {
  readonly hosts: number;
  /** That many more hosts accept a connection and never say a word. */
  readonly mute: number;
  /** The public key that may log in, as in authorized_keys. */
  readonly login: string;
  readonly real: RealHost;
}

export interface FleetHost {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly known: string;
}

export type FleetCounts = Counts & { /** Scripts that were run on the real host. */ readonly recorded: number };

export type Answer = { readonly hosts: readonly FleetHost[] } | { readonly counts: FleetCounts };

/** 127.77.0.0/16: as many loopback addresses as a fleet may have hosts. */
const addressOf = (index: number): string => `127.77.${Math.floor(index / 250)}.${1 + (index % 250)}`;

const counts: Counts = { opened: 0, open: 0, mostOpen: 0, scripts: 0 };
let recorder: Recorder | undefined;

async function raise({ hosts, mute, login, real }: Order): Promise<readonly FleetHost[]> {
  const key = ssh2.utils.parseKey(login) as ParsedKey;
  recorder = new Recorder(real);
  const found: FleetHost[] = [];
  for (let index = 0; index < mute; index++) {
    const address = addressOf(hosts + index);
    const server = createServer((socket) => void socket.on("error", () => {}));
    // oxlint-disable-next-line promise/avoid-new
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    found.push({ name: `mute${index + 1}`, address, port: (server.address() as AddressInfo).port, known: "" });
  }
  const width = String(hosts).length;
  for (let index = 0; index < hosts; index++) found.push({ name: `host${String(index + 1).padStart(width, "0")}`, ...(await simulatedHost(addressOf(index), key, recorder, counts)) });
  return found;
}

process.on("message", (message: Order | "counts") => {
  if (message === "counts") process.send?.({ counts: { ...counts, recorded: recorder?.recorded ?? 0 } } satisfies Answer);
  else void raise(message).then((hosts) => process.send?.({ hosts } satisfies Answer));
});
process.once("disconnect", () => process.exit());
