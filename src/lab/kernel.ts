import { tryRun } from "./run.ts";

/** What a tunnel between regions needs of a kernel, and a command that works where it has it, alone in a network namespace. */
const NEEDED: Readonly<Record<string, string>> = {
  GRE: "ip link add name probe type gre local 192.0.2.1 remote 192.0.2.2",
  ESP: "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode transport enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff",
};

/** Which of GRE and ESP this machine's kernel lacks. Trying loads the modules, where there are any. */
export async function kernelFaults(): Promise<string[]> {
  const tried = Object.entries(NEEDED).map(async ([name, command]) => ((await tryRun(["unshare", "--net", "sh", "-c", command])).code === 0 ? undefined : name));
  return (await Promise.all(tried)).filter((name) => name !== undefined);
}
