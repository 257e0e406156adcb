import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { setPriority } from "node:os";

/**
 * A program: the lab's long distance where the kernel has no netem. socat turns a tun device into datagrams on loopback,
 * one a packet; each goes back half a round trip later, and the kernel routes it on to its destination.
 *
 * Run in the lab's namespace as `delay-line.ts DEVICE HALF_RTT_MS`. Ends when socat does.
 */
const [device = "", half = ""] = process.argv.slice(2);
const delay = Number(half);
// A packet that is kept waiting by this machine's other work is a longer distance.
setPriority(-10);
const HERE = 5301;
const SOCAT = 5300;
/** Of Linux: what many clients send at once arrives at once, and the buffer that anybody may have holds some 200 packets. */
const SO_RCVBUFFORCE = 33;

const queue: { due: number; packet: Buffer }[] = [];
const socket = createSocket({ type: "udp4", recvBufferSize: 8 << 20, sendBufferSize: 8 << 20 });
let armed = false;

/** Sends what is due. A timer may fire a little early or late; half a millisecond of slack keeps the mean right. */
function flush(): void {
  armed = false;
  const now = performance.now() + 0.5;
  let next = queue[0];
  while (next !== undefined && next.due <= now) {
    queue.shift();
    socket.send(next.packet, SOCAT, "127.0.0.1");
    next = queue[0];
  }
  if (next !== undefined) arm(next.due);
}

function arm(due: number): void {
  armed = true;
  setTimeout(flush, Math.max(0, due - performance.now()));
}

socket.on("message", (packet) => {
  const due = performance.now() + delay;
  queue.push({ due, packet });
  if (!armed) arm(due);
});
// Without this the process would outlive a socat that cannot be reached; it must not fail silently either.
socket.on("error", (error) => {
  throw error;
});

socket.bind(HERE, "127.0.0.1", () => {
  const tunnel = `TUN,tun-name=${device},iff-no-pi,iff-up`;
  const socat = spawn("socat", ["-b", "65536", tunnel, `UDP4-DATAGRAM:127.0.0.1:${HERE},bind=127.0.0.1:${SOCAT},setsockopt-int=1:${SO_RCVBUFFORCE}:${8 << 20}`], { stdio: "inherit" });
  socat.once("error", (error) => {
    throw error;
  });
  socat.once("exit", (code) => process.exit(code ?? 1));
});
