import type { z } from "zod";
import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, use, type Facts, type PlannedResource } from "../../src/index.ts";
import { assertHost } from "../../roles/base/health.ts";
import { base } from "../../roles/base/role.ts";
import { measuring } from "./harness.ts";

type Vars = z.input<typeof base.vars>;
const ABSENT = { out: "absent\n", code: 0 };

function plan(system: Parameters<typeof recorded>[0], vars: Vars = {}, changes: Partial<Facts> = {}): PlannedResource[] {
  const files = ["file:/etc/chrony/chrony.conf", "file:/etc/chrony.conf", "file:/etc/yum.repos.d/CentOS-Base.repo", "file:/etc/yum.repos.d/hawser-epel.repo", "unit:chrony.service/hawser-container", "unit:chronyd.service/hawser-container"];
  return planOf(use(base, vars), recorded(system, changes), { seen: Object.fromEntries(files.map((id) => [`base/${id}`, ABSENT])) });
}
const one = (resources: readonly PlannedResource[], id: string): PlannedResource => resources.find((each) => each.id === `base/${id}`) ?? assert.fail(`no ${id} in ${resources.map((each) => each.id).join(", ")}`);

void test("Debian and EL keep chrony in different places", () => {
  const debian = plan("debian-12");
  assert.ok(one(debian, "service:chrony.service"));
  assert.match(one(debian, "file:/etc/chrony/chrony.conf").diff ?? "", /^\+pool pool\.ntp\.org iburst maxsources 4$/m);
  const el = plan("el-9", { ntp: { servers: ["time.example"], pools: [] } });
  assert.ok(one(el, "service:chronyd.service"));
  const conf = one(el, "file:/etc/chrony.conf").diff ?? "";
  assert.match(conf, /^\+server time\.example iburst$/m);
  assert.doesNotMatch(conf, /^\+pool /m);
});

void test("the old keeper of the time is off before chrony comes, which may take its place", () => {
  const ids = plan("ubuntu-22.04").map((each) => each.id);
  assert.ok(ids.indexOf("base/service:systemd-timesyncd.service") < ids.indexOf("base/package:chrony"));
});

void test("in a container chrony leaves the clock alone, elsewhere it sets it", () => {
  for (const [system, unit, flags] of [["debian-12", "chrony", /chronyd -x \$DAEMON_OPTS/], ["el-9", "chronyd", /chronyd -x \$OPTIONS/]] as const) {
    assert.match(one(plan(system, {}, { virtualisation: "systemd-nspawn" }), `unit:${unit}.service/hawser-container`).diff ?? "", flags);
    assert.ok(!plan(system).some((each) => each.kind === "unit"));
  }
});

void test("packages of the vars come on top, each once", () => {
  const packages = plan("debian-12", { packages: ["jq", "curl"] }).filter((each) => each.kind === "package").map((each) => each.id);
  assert.deepEqual(packages, ["ca-certificates", "curl", "iproute2", "openssl", "tzdata", "jq", "chrony"].map((name) => `base/package:${name}`));
});

void test("CentOS 7 is refused, or taken from the archives", () => {
  assert.throws(() => plan("centos-7"), /support ended on 2024-06-30/);
  const allowed = plan("centos-7", { allow_eol: true });
  assert.match(one(allowed, "file:/etc/yum.repos.d/CentOS-Base.repo").diff ?? "", /vault\.centos\.org\/7\.9\.2009\/os\/\$basearch\/[\s\S]*gpgcheck=1/);
  assert.match(one(allowed, "file:/etc/yum.repos.d/hawser-epel.repo").diff ?? "", /pub\/archive\/epel\/7/);
});

for (const [what, vars] of [["no server and no pool", { ntp: { servers: [], pools: [] } }], ["an unknown var", { ntpd: true }], ["a bad time zone", { timezone: "../etc/shadow" }], ["an address that is none", { address: "la-1" }]] as const) {
  void test(`${what} is refused`, () => assert.throws(() => plan("debian-12", vars as never)));
}

void test("the host is well when chrony runs, and nothing leads elsewhere or differs", () => {
  const measured = measuring((v) => assertHost(v, { family: "debian", sysctl: { "net.ipv4.tcp_rmem": "4096  131072 6291456" }, names: [{ name: "sg-1", address: "10.20.0.11" }] }));
  assert.equal(measured("time", "active\n"), "active");
  assert.equal(measured("elsewhere", "1\n"), 1);
  assert.equal(measured("differ", "0\n"), 0);
});

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(base.vars.shape)) assert.ok((field as { description?: string }).description, name);
});
