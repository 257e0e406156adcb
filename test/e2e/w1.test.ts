import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Inventory } from "hawser";
import book from "../../bench/w1.ts";
import { E2eLab, follow, skip } from "./engine-fixture.ts";

const lab = new E2eLab("e2e-w1", "198.18.60", { w1: "debian" });

/** What the reference workload costs. A change that adds a request to any of these has to say why. */
const REQUESTS = {
  /** The shell with facts and lock; the looks. */
  check: 2,
  /** As a check; the batch; the one after it, since packages may change anything. */
  apply: 4,
  noop: 2,
};

void describe("the reference workload W1", { skip }, () => {
  let inventory: Inventory;
  before(async () => {
    await lab.up();
    inventory = await lab.inventory();
  }, { timeout: 120_000 });
  after(() => lab.down());

  void test("costs as many requests as ever: checked, applied, and with nothing to do", { timeout: 60_000 }, async () => {
    const said = await follow(book, { inventory, check: true });
    const run = await follow(book, { inventory });
    assert.equal(run.recap.result, "ok", run.trouble);
    const [would, did] = [said.recap.hosts["w1"], run.recap.hosts["w1"]];
    assert.deepEqual([would?.unknown, would?.failed], [0, 0]);
    assert.equal(would?.wouldChange, did?.changed, "what the check foresaw");
    const again = await follow(book, { inventory });
    assert.equal(again.recap.hosts["w1"]?.changed, 0);
    assert.deepEqual({ check: would?.requests, apply: did?.requests, noop: again.recap.hosts["w1"]?.requests }, REQUESTS);
  });

  void test("leaves what it says", { timeout: 60_000 }, async () => {
    const found = await lab.exec("w1", "cd /srv/w1; stat -c '%n %a %U:%G' log etc/secret.key etc/app.env releases/v1 bin/health.sh run/app.restarted; cat etc/sysctl.conf etc/sshd_config etc/hosts; readlink current etc/web.conf; id -Gn w1deploy; cat /etc/cron.d/w1rotate; cat /etc/cron.d/*w1health | grep -c health.sh");
    assert.equal(found, `log 750 w1app:w1app
etc/secret.key 400 w1app:w1app
etc/app.env 640 w1app:w1app
releases/v1 755 w1deploy:w1ops
bin/health.sh 755 root:root
run/app.restarted 600 root:root
# kernel settings
vm.swappiness = 10
net.core.somaxconn = 4096
fs.file-max = 200000
Port 22
PermitRootLogin no
PasswordAuthentication no
X11Forwarding no
# BEGIN hawser match
Match Group w1ops
  AllowTcpForwarding no
# END hawser match
127.0.0.1 localhost
10.0.0.21 db.internal
# BEGIN hawser cluster
10.0.0.11 n1
10.0.0.12 n2
10.0.0.13 n3
# END hawser cluster
/srv/w1/releases/v1
/srv/w1/etc/conf.d/web.conf
w1ops w1app
15 3 * * * root /usr/sbin/logrotate /srv/w1/etc/logrotate.conf
1
`);
  });
});
