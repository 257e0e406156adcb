import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { coveringPrefix, createArgv } from "../../src/lab/docker.ts";
import { buildContext } from "../../src/lab/dockerfile.ts";
import type { LabHost } from "../../src/lab/types.ts";

const host: LabHost = { name: "la1", address: "198.18.1.11", region: "la", image: "debian" };

const prefixes: [string[], string][] = [
  [["198.18.1.11"], "198.18.1.0/24"],
  [["198.18.2.11", "198.18.3.11"], "198.18.2.0/23"],
  [["198.18.1.11", "198.18.2.11"], "198.18.0.0/22"],
  [["198.18.1.11", "198.19.1.11"], "198.18.0.0/15"],
];
for (const [addresses, prefix] of prefixes)
  void test(`${addresses.join(" and ")} share the network ${prefix}`, () => {
    assert.equal(coveringPrefix(addresses), prefix);
  });

void test("a container is not privileged, has its address, and publishes ssh on loopback only", () => {
  const argv = createArgv("default", host, "image", 2201);
  assert.ok(!argv.includes("--privileged"));
  for (const word of ["--ip=198.18.1.11", "--publish=127.0.0.1:2201:22", "--hostname=la1", "--label=hawser.lab=default"]) assert.ok(argv.includes(word), word);
  assert.doesNotMatch(argv.join(" "), /SYS_TIME|SYS_MODULE/);
  assert.equal(argv.at(-1), "image");
});

void test("the Dockerfile starts from the base it is told, and another base is another image", () => {
  const [usual, own] = [buildContext("debian"), buildContext("debian", "my-base")];
  assert.match(usual.files["Dockerfile"] ?? "", /^FROM debian:12\n/);
  assert.match(own.files["Dockerfile"] ?? "", /^FROM my-base\n/);
  assert.notEqual(usual.tag, own.tag);
  for (const name of ["setup.sh", "init.sh"]) assert.equal(spawnSync("sh", ["-n"], { input: usual.files[name] }).status, 0, name);
});
