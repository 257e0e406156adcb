import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { configFor } from "../../src/connection/host-config.ts";
import { readSshConfig } from "../../src/connection/ssh-config.ts";
import { localUser } from "../../src/connection/target.ts";
import { temporary } from "./keys.ts";
import { need } from "./sshd.ts";

const folder = temporary({ after });
mkdirSync(join(folder, "conf.d"));
const file = join(folder, "config");

const pattern = fc.constantFrom("web1", "web*", "w?b1", "web?", "web??", "*", "db.example.com", "*.example.com", "*.*", "?", "WEB1");
const negatable = fc.tuple(fc.boolean(), pattern).map(([negated, text]) => (negated ? `!${text}` : text));
const value = {
  HostName: fc.constantFrom("%h.example.com", "10.0.0.1", "web1", "other.example.com"),
  Port: fc.integer({ min: 1, max: 65_535 }).map(String),
  User: fc.constantFrom("ada", "bob"),
  IdentityFile: fc.constantFrom("/k1", "/k2", '"/my key"'),
  IdentitiesOnly: fc.constantFrom("yes", "no"),
  ProxyJump: fc.constantFrom("none", "gate", "ada@gate:2222,inner"),
  ProxyCommand: fc.constant("none"),
  HostKeyAlias: fc.constantFrom("alias", "Alias2"),
  UserKnownHostsFile: fc.constantFrom("/known", "/known /known2"),
  GlobalKnownHostsFile: fc.constantFrom("/global", "/global /global2"),
  StrictHostKeyChecking: fc.constantFrom("yes", "no", "ask", "accept-new", "off"),
  ConnectTimeout: fc.constantFrom("5", "1m30s", "2h"),
  ServerAliveInterval: fc.constantFrom("0", "30", "2m"),
  AddressFamily: fc.constantFrom("any", "inet", "inet6"),
  BindAddress: fc.constantFrom("127.0.0.1", "::1"),
} as const;
const setting = fc.constantFrom(...(Object.keys(value) as (keyof typeof value)[])).chain((keyword) => value[keyword].map((text) => `${keyword} ${text}`));
const list = fc.array(negatable, { minLength: 1, maxLength: 3 });
const not = fc.constantFrom("", "!");
const criterion = fc.oneof(
  fc.tuple(not, fc.constantFrom("host", "originalhost"), list).map(([no, of, patterns]) => `${no}${of} ${patterns.join(",")}`),
  fc.tuple(not, fc.constantFrom("user ada", "user bob,x", `localuser ${localUser()}`, "user !ada,*", "localuser nobody")).map((parts) => parts.join("")),
  fc.constantFrom("final", "canonical"),
);
const header = fc.oneof(
  list.map((patterns) => `Host ${patterns.join(" ")}`),
  fc.array(criterion, { minLength: 1, maxLength: 2 }).map((all) => `Match ${all.join(" ")}`),
  fc.constant("Match all"),
);
const settings = fc.array(setting, { minLength: 1, maxLength: 4 });
const section = fc.tuple(header, settings, fc.constantFrom("", "", "", `Include ${folder}/conf.d/*\n`)).map(([head, lines, more]) => `${head}\n${lines.map((line) => `  ${line}\n`).join("")}${more}`);
const sections = fc.array(section, { maxLength: 4 });
const config = fc.tuple(settings, sections).map(([lines, more]) => `${lines.join("\n")}\n${more.join("")}`);
const included = fc.tuple(settings, fc.array(fc.tuple(header, settings).map(([head, lines]) => `${head}\n${lines.join("\n")}\n`), { maxLength: 2 })).map(([lines, more]) => `${lines.join("\n")}\n${more.join("")}`);

/** The effective settings that `ssh -G` prints, in the terms of a HostConfig; defaults are left out. */
function oracle(name: string, user: string | undefined): Record<string, unknown> {
  const { stdout, stderr, status } = spawnSync("ssh", ["-G", "-F", file, ...(user === undefined ? [] : ["-l", user]), name], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  assert.equal(status, 0, stderr);
  const all = (keyword: string): string[] => stdout.split("\n").filter((line) => line.startsWith(`${keyword} `)).map((line) => line.slice(keyword.length + 1));
  const one = (keyword: string): string | undefined => all(keyword)[0];
  const strict = one("stricthostkeychecking") ?? "";
  return {
    hostName: one("hostname"),
    port: Number(one("port")),
    user: one("user"),
    identityFiles: all("identityfile").filter((path) => !path.startsWith("~/.ssh/id_")),
    identitiesOnly: one("identitiesonly") === "yes",
    proxyJump: one("proxyjump")?.split(",") ?? [],
    hostKeyAlias: one("hostkeyalias"),
    knownHosts: one("userknownhostsfile")?.split(" ").filter((path) => !path.includes("/.ssh/")),
    globalKnownHosts: one("globalknownhostsfile")?.split(" ").filter((path) => !path.startsWith("/etc/")),
    checking: { true: "strict", ask: "strict", false: "off" }[strict] ?? strict,
    connectTimeout: one("connecttimeout") === "none" ? undefined : Number(one("connecttimeout")),
    keepalive: Number(one("serveraliveinterval")),
    family: { inet: 4, inet6: 6 }[one("addressfamily") ?? ""],
    bindAddress: one("bindaddress"),
  };
}

async function ours(name: string, user: string | undefined): Promise<Record<string, unknown>> {
  const found = configFor(await readSshConfig(file), name, { user, jump: false });
  const checking = found.hostKeyChecking ?? "strict";
  return {
    hostName: (found.hostName ?? name).toLowerCase(),
    port: found.port ?? 22,
    user: user ?? found.user ?? localUser(),
    identityFiles: found.identityFiles,
    identitiesOnly: found.identitiesOnly,
    proxyJump: found.proxyJump ?? [],
    hostKeyAlias: found.hostKeyAlias,
    knownHosts: found.knownHosts ?? [],
    globalKnownHosts: found.globalKnownHosts ?? [],
    checking: { yes: "strict", ask: "strict", no: "off" }[checking] ?? checking,
    connectTimeout: found.connectTimeout,
    keepalive: found.keepalive ?? 0,
    family: found.family,
    bindAddress: found.bindAddress,
  };
}

const name = fc.constantFrom("web1", "web", "web10", "WEB1", "db.example.com", "web1.example.com", "x", "10.0.0.1");

void test("`ssh -G` reads 200 configurations the same way", { skip: need(["ssh", "openssh-client"]) ?? false }, async () => {
  await fc.assert(
    fc.asyncProperty(config, included, name, fc.constantFrom(undefined, undefined, "ada"), async (text, more, host, user) => {
      writeFileSync(file, text);
      writeFileSync(join(folder, "conf.d/more"), more);
      assert.deepEqual(await ours(host, user), oracle(host, user));
    }),
    { numRuns: 200, includeErrorInReport: true },
  );
});
