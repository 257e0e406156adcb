import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What is asked of a server, and how often. */
export interface Server {
  readonly url: string;
  /** `GET /path` with the range asked for. */
  readonly asked: string[];
  /** Cuts all connections. */
  readonly breakOff: () => void;
  readonly stop: () => Promise<void>;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, time: number) => void;

/** A server of HTTP on loopback. @param answer Is told the how-manieth request for its path it is, from 1. */
export async function serve(answer: Answer): Promise<Server> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const what = `${request.method} ${request.url}`;
    asked.push(request.headers.range === undefined ? what : `${what} ${request.headers.range}`);
    answer(request, response, asked.filter((each) => each === what || each.startsWith(`${what} `)).length);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    breakOff: () => server.closeAllConnections(),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers with a file's bytes, in part where a part is asked for. */
export function whole(content: Buffer): Answer {
  return ({ headers: { range } }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (range === undefined) response.writeHead(200, { "content-length": content.length }).end(content);
    else if (from >= content.length) response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
    else response.writeHead(206, { "content-range": `bytes ${from}-${content.length - 1}/${content.length}`, "content-length": content.length - from }).end(content.subarray(from));
  };
}

/** Sends the beginning, and then nothing: `breakOff` of the server ends it. */
export function begun(content: Buffer, until: number): Answer {
  return (_, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, until));
  };
}
