import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Proxy {
  readonly port: number;
  /** Connections taken so far. */
  readonly count: () => number;
  /** Breaks all connections. */
  readonly cut: () => void;
  /** Passes nothing on any more, and says nothing about it. */
  readonly freeze: () => void;
  /** Hangs up on newcomers at once. */
  readonly refuse: (on: boolean) => void;
  readonly close: () => Promise<void>;
}

/** A relay to a local port, with ways to break it. */
export async function proxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
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
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    cut,
    freeze: () => {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    refuse: (on) => void (refusing = on),
    close: () => {
      cut();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
