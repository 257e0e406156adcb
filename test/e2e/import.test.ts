import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import { FINGERPRINT } from "../../bench/workloads.ts";
import { commandFile } from "../import/oracle.ts";
import { linkPackages, typeErrorsIn } from "../import/typecheck.ts";
import { E2eLab, skip } from "./engine-fixture.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const SHOP = path.join(ROOT, "test/import/shop");
const ANSIBLE = commandFile("ansible-playbook");

/** Two hosts for hawser, and their twins for Ansible. */
const lab = new E2eLab("e2e-import", "198.18.107", { "our-web": "debian", "our-db": "debian", "twin-web": "debian", "twin-db": "debian" });
const PAIRS = [["our-web", "twin-web"], ["our-db", "twin-db"]] as const;

/** Everything that the shop's playbook is about: files with modes, owners and contents, accounts, settings, packages, services. */
const STATE = `set +e; cd /
find etc/shop etc/shop-web etc/motd etc/cron.d etc/sudoers.d etc/sysctl.d/60-shop.conf etc/shop-agent.yml etc/web-current etc/systemd/system/shop-web.service srv/www usr/local/bin var/lib/shop-agent var/lib/shopdb var/log/shop-db.log home ! -path '*/.ansible*' -printf '%p %y %m %u %g %l\\n' 2>/dev/null | sort
find etc/shop etc/shop-web etc/motd etc/cron.d etc/sudoers.d etc/sysctl.d/60-shop.conf etc/shop-agent.yml etc/systemd/system/shop-web.service etc/security/limits.conf etc/ssh/sshd_config srv/www usr/local/bin var/lib/shop-agent var/lib/shopdb home -type f -exec sha256sum {} + 2>/dev/null | sort -k 2
getent passwd ada bob eve shopdb; getent group deploy audit shopdb; for u in ada eve; do id $u; done
sysctl net.ipv4.ip_forward net.ipv4.conf.all.rp_filter
dpkg-query -W -f '\${Package} \${db:Status-Status}\\n' cron logrotate sudo
systemctl is-active shop-web; systemctl is-enabled shop-web; true`;

void describe("projects that come from Ansible", { skip: skip || (ANSIBLE === undefined && "ansible-core is not installed") }, () => {
  before(async () => {
    await lab.up();
    for (const [, twin] of PAIRS) await lab.exec(twin, "apt-get -q update >/dev/null; DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3 python3-apt >/dev/null");
  }, { timeout: 300_000 });
  after(async () => await lab.down());

  void test("the reference playbook converges to the same files", { timeout: 240_000 }, async () => {
    const project = await imported(path.join(ROOT, "bench/peers/ansible"), "w1");
    writeHosts(path.join(project, "inventory/production"), { "our-web": "our-web" });
    const twins = path.join(lab.folder, "w1-twins");
    writeHosts(twins, { "twin-web": "twin-web" });
    const first = await hawser(project, "playbooks/w1.ts");
    assert.equal(first.code, 0, first.out);
    await ansible(path.join(ROOT, "bench/peers/ansible"), twins, "w1.yml");
    const [ours, theirs] = [await lab.exec("our-web", FINGERPRINT), await lab.exec("twin-web", FINGERPRINT)];
    assert.equal(ours, theirs);
    assert.ok(ours.includes("srv/w1/etc/app.env f 640 w1app w1app"), ours);
    assert.equal((await hawser(project, "playbooks/w1.ts", "--check", "--detailed-exitcode")).code, 0, "a second run has nothing to do");
    for (const host of ["our-web", "twin-web"]) await lab.exec(host, "rm -rf /srv/w1 /etc/cron.d/w1*");
  });

  void test("a real user's project converges to what ansible-playbook makes: files, users, cron, sysctl, packages, services", { timeout: 400_000 }, async () => {
    const source = path.join(lab.folder, "shop");
    cpSync(SHOP, source, { recursive: true });
    const twins = path.join(lab.folder, "shop-twins");
    cpSync(SHOP, twins, { recursive: true });
    connect(path.join(source, "inventory"), { "shop-web": "our-web", "shop-db": "our-db" });
    connect(path.join(twins, "inventory"), { "shop-web": "twin-web", "shop-db": "twin-db" });
    const project = await imported(source, "shop-project");
    assert.deepEqual(typeErrorsIn(project), []);

    const vault = path.join(source, "vault-password");
    chmodSync(vault, 0o600);
    const check = await hawser(project, "playbooks/site.ts", "--check");
    assert.equal(check.code, 0, check.out);
    const run = await hawser(project, "playbooks/site.ts");
    assert.equal(run.code, 0, run.out);
    await ansible(twins, path.join(twins, "inventory"), "site.yml", "--vault-password-file", vault);
    for (const [ours, twin] of PAIRS) assert.equal(await lab.exec(ours, STATE), await lab.exec(twin, STATE), `${ours} and ${twin} differ`);
    assert.match(await lab.exec("our-db", "cat /etc/shop/db.credentials"), /^user=shop password=s3cret pa\$\$$/m);
    assert.doesNotMatch(run.out + check.out, /s3cret/);
    const again = await hawser(project, "playbooks/site.ts", "--check", "--detailed-exitcode");
    assert.equal(again.code, 0, again.out);
  });

  /** Imports a directory by the command line, and makes it a project that runs. */
  async function imported(from: string, name: string): Promise<string> {
    const into = path.join(lab.folder, name);
    const { code, out } = await run(process.execPath, [path.join(ROOT, "bin/hawser.mjs"), "import", "ansible", from, "--into", into], lab.folder);
    assert.equal(code, 0, out);
    linkPackages(into);
    return into;
  }

  const hawser = async (project: string, ...argv: readonly string[]): Promise<Said> => await run(process.execPath, [path.join(ROOT, "bin/hawser.mjs"), "run", ...argv], project, { HAWSER_VAULT_PASSWORD_FILE: path.join(lab.folder, "shop/vault-password") });

  async function ansible(folder: string, inventory: string, ...argv: readonly string[]): Promise<void> {
    const said = await run(ANSIBLE ?? "", ["-i", inventory, ...argv], folder, { ANSIBLE_SSH_COMMON_ARGS: `-F none -o UserKnownHostsFile=${lab.knownHosts} -o ControlMaster=no -o ControlPersist=no -o ControlPath=none`, ANSIBLE_PIPELINING: "1", ANSIBLE_NOCOLOR: "1", ANSIBLE_LOCAL_TEMP: path.join(lab.folder, "ansible-tmp"), ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3" });
    assert.equal(said.code, 0, said.out);
  }

  /** How hosts are reached, in words that both tools understand or leave alone. */
  function connection(): object {
    return { ansible_user: "root", ansible_ssh_private_key_file: lab.key, ssh: { known_hosts: lab.knownHosts, config: false, agent: false } };
  }

  /** Tells an inventory where its hosts are. */
  function connect(inventory: string, hosts: Readonly<Record<string, string>>): void {
    writeFileSync(path.join(inventory, "group_vars/all/zz-lab.yml"), stringify(connection()));
    for (const [name, host] of Object.entries(hosts)) {
      mkdirSync(path.join(inventory, "host_vars", name), { recursive: true });
      writeFileSync(path.join(inventory, "host_vars", name, "lab.yml"), stringify({ ansible_host: lab.address(host) }));
    }
  }

  function writeHosts(inventory: string, hosts: Readonly<Record<string, string>>): void {
    mkdirSync(inventory, { recursive: true });
    writeFileSync(path.join(inventory, "hosts.yml"), stringify({ all: { vars: connection(), hosts: Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, { ansible_host: lab.address(host) }])) } }));
  }
});

interface Said {
  readonly code: number | null;
  readonly out: string;
}

async function run(program: string, argv: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const child = spawn(program, argv, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out };
}
