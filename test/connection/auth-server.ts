import assert from "node:assert/strict";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { inspect } from "node:util";
import { sshConnector, type Connection } from "../../src/connection/index.ts";
import { HawserError } from "../../src/errors/index.ts";
import { keyPair, temporary, type KeyPair } from "./keys.ts";
import { run, targetOn, until } from "./run.ts";
import { LOGIN_PASSWORD, startSshd, type Sshd } from "./sshd.ts";

export const PASSPHRASE = "pass phrase's";
export const WRONG = "wr0ng-secret";

/** Keys that the server takes, all but `wrong`; `locked`, `pem` and `lone` are encrypted, and `lone` has no .pub file. */
export type KeyName = "right" | "locked" | "pem" | "rsa" | "ecdsa" | "lone" | "wrong";

/** Users, each with the methods that the server wants of it. */
const USERS = { key: "publickey", pass: "password", kbd: "keyboard-interactive", twice: "publickey,password", turned: "password,publickey", third: "publickey,keyboard-interactive" };

export interface AuthServer {
  readonly folder: string;
  readonly keys: Readonly<Record<KeyName, KeyPair>>;
  /** The path of a file in the folder. */
  readonly path: (name: string) => string;
  /** Settings that read this ssh configuration. */
  readonly config: (text: string) => Partial<Connection>;
  /** Logs in as `hwt<user>` and says who it is. */
  readonly login: (user: string, how: Partial<Connection>) => Promise<string>;
  /** Logs in, or tries to; what the server has seen of it, such as `publickey Failed`, and how it went. */
  readonly attempts: (user: string, how: Partial<Connection>) => Promise<{ readonly seen: readonly string[]; readonly result: PromiseSettledResult<string> }>;
  readonly log: () => string;
}

/** A server for the tests of one suite, whose hooks start and stop it. */
export function authServer(): AuthServer {
  const folder = temporary({ after });
  const path = (name: string): string => join(folder, name);
  const keys = {
    right: keyPair(folder, "right"),
    locked: keyPair(folder, "locked", { passphrase: PASSPHRASE }),
    pem: keyPair(folder, "pem", { type: "rsa", format: "PEM", passphrase: PASSPHRASE }),
    rsa: keyPair(folder, "rsa", { type: "rsa" }),
    ecdsa: keyPair(folder, "ecdsa", { type: "ecdsa" }),
    lone: keyPair(folder, "lone", { passphrase: PASSPHRASE }),
    wrong: keyPair(folder, "wrong"),
  };
  rmSync(`${keys.lone.path}.pub`);
  // sshd looks for it as the user who logs in.
  chmodSync(folder, 0o755);
  writeFileSync(path("authorized"), Object.entries(keys).map(([name, { publicKey }]) => (name === "wrong" ? "" : `${publicKey}\n`)).join(""));

  let server: Sshd;
  const connector = sshConnector();
  before(async () => {
    server = await startSshd({
      config: `LogLevel VERBOSE\nAuthorizedKeysFile ${path("authorized")}\nMaxAuthTries 6\n`,
      match: Object.entries(USERS).map(([name, methods]) => `Match User hwt${name}\n  AuthenticationMethods ${methods}\n`).join(""),
      setup: Object.keys(USERS).map((name, i) => `useradd -m -s /bin/bash -u ${61_900 + i} hwt${name}; printf '%s\\n' ${JSON.stringify(`hwt${name}:${LOGIN_PASSWORD}`)} | chpasswd`).join("\n"),
    });
  });
  after(async () => {
    await connector.close();
    await server?.stop();
  });

  const login = async (user: string, how: Partial<Connection>): Promise<string> => {
    const session = await connector.open(targetOn(server, { user: `hwt${user}`, keys: undefined, ...how }));
    try {
      return (await run(session, "id -un")).text.trim();
    } finally {
      await session.close();
    }
  };
  const attempts: AuthServer["attempts"] = async (user, how) => {
    const from = server.log().length;
    const [result] = await Promise.allSettled([login(user, how)]);
    await until(() => /Disconnected from|Connection closed by|Disconnecting/.test(server.log().slice(from)));
    const seen = [...server.log().slice(from).matchAll(/^(Accepted|Partial|Failed) ([a-z-]+)\S* for /gm)].map(([, outcome, method]) => `${method} ${outcome}`);
    return { seen: seen.filter((line) => line !== "none Failed"), result };
  };
  let count = 0;
  const config = (text: string): Partial<Connection> => {
    // A connector reads each file once.
    const file = path(`config-${(count += 1)}`);
    writeFileSync(file, text);
    return { config: file };
  };
  return { folder, keys, path, config, login, attempts, log: () => server.log() };
}

/** Checks an error's message and hint, and that no secret shows, wherever one looks. */
export function refused(message: RegExp, hint = /./): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof HawserError, String(error));
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error), new RegExp(`${PASSPHRASE}|${LOGIN_PASSWORD}|${WRONG}`));
    return true;
  };
}
