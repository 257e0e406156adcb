import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface Proxy {
  readonly port: number;
  /** Connections taken so far. */
  readonly count: () => number;
  /** Breaks all connections. */
  readonly cut: () => void;
  /** Breaks all connections once this many more bytes have gone to the host. */
  readonly cutAfter: (bytes: number) => void;
  /** Passes nothing on any more, and says nothing about it. */
  readonly freeze: () => void;
  /** Hangs up on newcomers at once. */
  readonly refuse: (on: boolean) => void;
}

/** A relay to a local port, with ways to break it; it is gone when the test is over. */
export async function proxy(t: TestContext, target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let left = Number.POSITIVE_INFINITY;
  let refusing = false;
  let count = 0;
  const server = createServer((near) => {
    count += 1;
    if (refusing) {
      near.destroy();
      return;
    }
    const far = connect(target, "127.0.0.1");
    for (const socket of [near, far]) {
      socket.setNoDelay();
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on("data", (chunk) => {
      left -= chunk.length;
      if (left <= 0) cut();
    });
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    left = Number.POSITIVE_INFINITY;
    for (const socket of sockets) socket.destroy();
  };
  t.after(async () => {
    cut();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    cut,
    cutAfter: (bytes) => void (left = bytes),
    freeze: () => {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    refuse: (on) => void (refusing = on),
  };
}
