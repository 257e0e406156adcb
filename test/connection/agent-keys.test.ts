import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Connection } from "../../src/connection/index.ts";
import { authServer, refused, PASSPHRASE, type KeyName } from "./auth-server.ts";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { keyPair, startAgent } from "./keys.ts";
import { need } from "./sshd.ts";

const skip = need(["sshd", "openssh-server"], ["ssh-agent", "openssh-client"]) ?? false;

describe("logging in with an agent", { skip }, () => {
  const { folder, keys, path, config, login, attempts, log } = authServer();
  const strangers = Array.from({ length: 8 }, (_, i) => keyPair(folder, `stranger${i}`));

  /** An agent that holds these keys after `many` others, as an ssh configuration names it. */
  const agent = async (t: TestContext, many: number, held: readonly KeyName[], more = ""): Promise<Partial<Connection>> => {
    const socket = await startAgent(t, folder, strangers.slice(0, many));
    writeFileSync(path("askpass"), `#!/bin/sh\nprintf '%s\\n' "${PASSPHRASE}"\n`, { mode: 0o755 });
    for (const name of held) execFileSync("ssh-add", ["-q", keys[name].path], { env: { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS: path("askpass"), SSH_ASKPASS_REQUIRE: "force" }, stdio: ["ignore", "ignore", "pipe"] });
    return { agent: true, ...config(`IdentityAgent ${socket}\n${more}`) };
  };
  const OK = "publickey Accepted";
  const NO = "publickey Failed";

  for (const [name, many, held, how, more, seen] of [
    ["works without key files", 1, ["right"], {}, "", [NO, OK]],
    ["signs with an rsa key", 0, ["rsa"], {}, "", [OK]],
    ["offers the inventory's key first, of many", 8, ["rsa"], { keys: ["rsa"] }, "", [OK]],
    ["offers the inventory's keys in their order", 0, ["ecdsa", "rsa", "right"], { keys: ["wrong", "right"] }, "", [OK]],
    ["offers the inventory's key file before the agent's many", 8, [], { keys: ["wrong", "right"] }, "", [NO, OK]],
    ["offers the configuration's key file before the agent's many", 8, [], {}, `IdentityFile ${path("right")}\n`, [OK]],
    ["finds the key of an encrypted file without its passphrase", 2, ["locked"], { keys: ["locked"] }, "", [OK]],
    ["finds it where the public half has no file of its own", 2, ["lone"], { keys: ["lone"] }, "", [OK]],
    ["finds the key that only its public half names", 8, ["right"], {}, `IdentityFile ${path("right.pub")}\n`, [OK]],
    ["leaves out the others with IdentitiesOnly", 3, ["lone"], {}, `IdentitiesOnly yes\nIdentityFile ${path("wrong")}\nIdentityFile ${path("lone")}\n`, [OK]],
    ["tries the others after the named ones", 2, ["right"], { keys: ["wrong"] }, "", [NO, NO, NO, OK]],
  ] as const) {
    it(name, async (t) => {
      const wanted = { ...(await agent(t, many, held, more)), ...("keys" in how ? { keys: how.keys.map(path) } : {}) };
      assert.deepEqual(await attempts("key", wanted), { seen, result: { status: "fulfilled", value: "hwtkey" } });
    });
  }

  it("asks before the agent signs, since an agent may ask its owner", async (t) => {
    const from = log().length;
    await login("key", await agent(t, 0, ["right"]));
    assert.match(log().slice(from), /Postponed publickey for hwtkey/);
  });

  it("offers no key beyond those that IdentitiesOnly leaves", async (t) => {
    const { seen, result } = await attempts("key", await agent(t, 2, ["right"], `IdentitiesOnly yes\nIdentityFile ${path("wrong")}\n`));
    assert.deepEqual(seen, [NO]);
    refused(/tried .*\/wrong; not usable: agent \(none of the keys that IdentitiesOnly leaves\)/)((result as PromiseRejectedResult).reason);
  });

  for (const [name, many, held, keyNames, message, hint] of [
    ["too many keys were offered, and what to do", 8, ["right"], undefined, /lets hwtkey not in \(too many attempts\): tried agent \(9 keys\); no password given/, /name the right key as `ssh: \{ key \}`/],
    ["the agent has no keys", 0, [], ["wrong"], /tried .*\/wrong; not usable: agent \(no keys\); no password/, /authorized_keys/],
    ["the agent's keys were not the right ones", 2, [], ["wrong"], /tried .*\/wrong, agent \(2 keys\); no password/, /authorized_keys/],
  ] as const) {
    it(`says that ${name}`, async (t) => assert.rejects(login("key", { ...(await agent(t, many, held)), keys: keyNames?.map(path) }), refused(message, hint)));
  }

  it("says which agent does not answer", async (t) => {
    await assert.rejects(login("key", { agent: true, keys: [path("wrong")], ...config(`IdentityAgent ${path("nowhere")}\n`) }), refused(/not usable: agent \(.*\/nowhere does not answer\)/));
    environment(t, path("nowhere"));
    await assert.rejects(login("key", { agent: true, keys: [path("wrong")] }), refused(/not usable: agent \(SSH_AUTH_SOCK does not answer\)/));
  });

  it("uses SSH_AUTH_SOCK, unless told not to", async (t) => {
    environment(t, await startAgent(t, folder, [keys.right]));
    assert.equal(await login("key", { agent: true }), "hwtkey");
    assert.equal(await login("key", { agent: true, ...config("IdentityAgent SSH_AUTH_SOCK\n") }), "hwtkey");
    assert.equal(await login("key", { agent: true, ...config("IdentityAgent $SSH_AUTH_SOCK\n") }), "hwtkey");
    await assert.rejects(login("key", { agent: false, keys: [path("wrong")] }), refused(/tried .*\/wrong; no/));
    await assert.rejects(login("key", { agent: true, keys: [path("wrong")], ...config("IdentityAgent none\n") }), refused(/tried .*\/wrong; no/));
  });

  function environment(t: TestContext, socket: string): void {
    const old = process.env["SSH_AUTH_SOCK"];
    process.env["SSH_AUTH_SOCK"] = socket;
    t.after(() => {
      if (old === undefined) delete process.env["SSH_AUTH_SOCK"];
      else process.env["SSH_AUTH_SOCK"] = old;
    });
  }
});
