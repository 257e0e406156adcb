import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defineRole, play, playbook, sh, use, z, type Inventory, type Playbook } from "hawser";
import { ca } from "hawser/roles/ca";
import { leaf, leafFact } from "hawser/roles/ca/leaf";
import { E2eLab, follow, skip, type Said } from "./engine-fixture.ts";
import { proveRole } from "./role-proof.ts";

const lab = new E2eLab("e2e-ca", "198.18.147", { one: "debian", two: "el", three: "debian" });
const PORT = 8443;
const TLS = "/etc/hawser-tls/web";

/** A server that asks its clients for a certificate, and shows its own. */
const web = defineRole(import.meta, {
  name: "web",
  summary: "A service with mutual TLS.",
  vars: z.strictObject({ address: z.ipv4(), names: z.array(z.string()).default([]) }),
  dependsOn: [use(ca)],
  facts: () => ({ tls: leafFact("web") }),
  tasks({ t, vars, facts, host, from }) {
    const restart = t.handler("restart web", sh`systemctl is-active --quiet web || exit 0
systemctl restart web`);
    const group = t.group("web", { system: true });
    const tls = leaf({ t, host, from }, { name: "web", seen: facts.tls, names: [`DNS:${host.name}`, `IP:${vars.address}`, ...vars.names], usage: "both", group: "web", needs: [group], notify: restart });
    const unit = t.unit("web.service", { content: `[Service]\nExecStart=/usr/bin/openssl s_server -quiet -www -accept ${PORT} -cert ${tls.certificate} -key ${tls.key} -CAfile ${tls.trusted} -Verify 1 -verify_return_error\n[Install]\nWantedBy=multi-user.target\n`, notify: restart });
    t.service("web", { state: "running", enabled: true, needs: [unit, ...tls.nodes] });
  },
});

/** Asks the server of `one` over and over, with the certificate that is there at the time, and notes what came of it. */
const CLIENT = (address: string): string => `cat >/root/client <<'END'
while [ -e /root/asking ]; do
  said=$(printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect ${address}:${PORT} -CAfile ${TLS}/trusted.pem -cert ${TLS}/cert.pem -key ${TLS}/key.pem -verify_return_error 2>&1)
  case $said in *'200 ok'*) echo answered ;; *alert* | *'verify error'*) echo "$said" | tr '\\n' ' '; echo ;; *refused* | *reset* | *errno=104* | *' eof '*) echo restarting ;; *) echo "$said" | tr '\\n' ' '; echo ;; esac >>/root/asked
done
END
: >/root/asking; : >/root/asked
nohup sh /root/client </dev/null >/dev/null 2>&1 &`;

void describe("a CA on real hosts", { skip }, () => {
  let inventory: Inventory;
  before(async () => {
    await lab.up();
    inventory = await lab.inventory();
  }, { timeout: 300_000 });
  after(() => lab.down());

  const book = (changes: object = {}, hosts = "one,two,three"): Playbook =>
    playbook(import.meta, [play({ name: "web", hosts, roles: [use(ca, { host: "one", ...changes }), use(web, (host) => ({ address: lab.address(host.name) }))] })]);
  const apply = async (changes: object = {}, options: { readonly hosts?: string; readonly limit?: string } = {}): Promise<Said> => {
    const said = await follow(book(changes, options.hosts), { inventory, ...(options.limit !== undefined && { limit: options.limit }) });
    assert.equal(said.recap.result, "ok", said.trouble);
    return said;
  };
  const outcomes = (said: Said, of: string): string[] => said.events.flatMap((event) => (event.event === "resource" && event.outcome === of ? [`${event.host} ${event.id}`] : [])).sort();
  const counted = (said: Said): number => Object.values(said.recap.hosts).reduce((sum, { changed }) => sum + changed, 0);
  const trusts = async (host: string): Promise<string> => (await lab.exec(host, `sed -n 's/^trusts //p' ${TLS}/record | tr ' ' '\\n' | cut -d: -f1 | sort | tr '\\n' ' '`)).trim();
  const signedBy = async (host: string): Promise<string> => (await lab.exec(host, `openssl x509 -in ${TLS}/cert.pem -noout -issuer`)).trim().replace(/^.*CN ?= ?/, "");

  proveRole({
    test: import.meta,
    roles: ["ca"],
    lab,
    book: book({}, "one,two"),
    inventory: async () => inventory,
    servers: { ca: { name: "OpenSSL", on: "one", version: "openssl version" } },
    drifts: [
      {
        what: "files changed by hand",
        by: { one: "chmod 0644 /etc/hawser-ca/1/key.pem; chmod 0755 /etc/hawser-ca", two: `echo nonsense >>${TLS}/trusted.pem; chmod 0644 ${TLS}/key.pem` },
        repairs: [/^one ca\/file:\/etc\/hawser-ca\/1\/key\.pem$/, /^one ca\/directory:\/etc\/hawser-ca$/, /^two web\/certificate:web$/],
      },
      { what: "the mode of folders, and nothing in them", by: { one: "chmod 0755 /etc/hawser-ca", two: `chmod 0700 ${TLS} /etc/hawser-tls` }, repairs: [/^one ca\/directory:\/etc\/hawser-ca$/, /^two web\/directory:\/etc\/hawser-tls\/web$/] },
      { what: "a certificate that has ended", by: endCertificate, repairs: [/^two web\/task:key for web$/, /^two web\/certificate-issued:two\/web on one$/, /^two web\/certificate:web$/] },
      { what: "a certificate that was removed", by: { two: `rm ${TLS}/cert.pem` }, repairs: [/^two web\/task:key for web$/, /^two web\/certificate-issued:two\/web on one$/, /^two web\/certificate:web$/] },
    ],
    faults: [
      {
        what: "a CA's key on another host and open to others, a CA that ends soon, and what is trusted changed",
        by: {
          one: `mkdir -p /root/was; cp -p /etc/hawser-ca/1/cert.pem /root/was/ca; cat ${TLS}/cert.pem >/etc/hawser-ca/1/cert.pem; chmod 0640 /etc/hawser-ca/1/key.pem`,
          two: `mkdir -p /root/was /etc/hawser-ca/9; touch /etc/hawser-ca/9/key.pem; cp -p ${TLS}/trusted.pem ${TLS}/record /root/was/; cat ${TLS}/cert.pem >${TLS}/trusted.pem; sed -i 's/^generation .*/generation 7/' ${TLS}/record; chmod 0644 ${TLS}/key.pem`,
        },
        heal: { one: "cp -p /root/was/ca /etc/hawser-ca/1/cert.pem; chmod 0600 /etc/hawser-ca/1/key.pem", two: `rm -r /etc/hawser-ca; cp -p /root/was/trusted.pem /root/was/record ${TLS}/; chmod 0640 ${TLS}/key.pem` },
        expect: [/: hosts that have the CA's key$/, /: days left of the CA$/, /: key of the CA: mode and owner$/, /: key of the CA: that of its certificate$/, /: web: signed by a CA that is trusted$/, /: web: generation that signed it$/, /: web: key as declared$/],
        alone: true,
      },
      { what: "another key", by: { two: `cp -p ${TLS}/key.pem /root/was/; openssl ecparam -name prime256v1 -genkey -noout >${TLS}/key.pem` }, heal: { two: `cp -p /root/was/key.pem ${TLS}/` }, expect: [/: web: key is that of the certificate$/], alone: true },
      { what: "a certificate that has ended", by: endCertificate, heal: "apply", expect: [/: web: days left$/, /: web: signed by a CA that is trusted$/], alone: true },
    ],
    reboots: ["two"],
    unknown: 0,
  });

  void test("a certificate that had ended was renewed, with another key, and nobody else reads it", { timeout: 60_000 }, async () => {
    await assert.rejects(lab.exec("two", `cd ${TLS}; sha256sum -c /root/key`));
    assert.match(await lab.exec("two", `openssl x509 -in ${TLS}/cert.pem -noout -text`), /DNS:two, IP Address:198\.18\.147\.12/);
    assert.equal((await lab.exec("two", `stat -c '%a %U %G' ${TLS}/key.pem`)).trim(), "640 root web");
  });

  void test("a new host gets a certificate in a run that is limited to it", { timeout: 120_000 }, async () => {
    const said = await apply({}, { limit: "three" });
    assert.deepEqual(Object.keys(said.recap.hosts), ["three"]);
    assert.equal(await signedBy("three"), "hawser CA 1");
    assert.deepEqual(outcomes(await apply(), "changed"), []);
  });

  void test("keys are where they were made and nowhere else", { timeout: 60_000 }, async () => {
    const keys = new Map<string, string>();
    for (const host of ["one", "two", "three"]) keys.set(host, await lab.exec(host, `sed -n 2p ${TLS}/key.pem`));
    keys.set("ca", await lab.exec("one", "sed -n 2p /etc/hawser-ca/1/key.pem"));
    assert.equal(new Set(keys.values()).size, 4);
    for (const host of ["one", "two", "three"]) {
      for (const [owner, line] of keys) {
        const found = await lab.feed(host, `grep -rlF -e '${line.trim()}' /etc /root /run /srv /tmp /var/lib /var/log /var/tmp /home 2>/dev/null; journalctl --no-pager -o cat 2>/dev/null | grep -cF -e '${line.trim()}'`);
        const meant = owner === host ? `${TLS}/key.pem\n0\n` : owner === "ca" && host === "one" ? "/etc/hawser-ca/1/key.pem\n0\n" : "0\n";
        assert.equal(found, meant, `the key of ${owner} on ${host}`);
      }
    }
  });

  void test("another CA takes the place of the first while a client asks all the time, also in a run of one host alone", { timeout: 300_000 }, async () => {
    await lab.feed("two", CLIENT(lab.address("one")));
    const steps: string[] = [];
    const note = async (): Promise<void> => void steps.push((await Promise.all(["one", "two", "three"].map(async (host) => `${host} trusts ${await trusts(host)} shows ${await signedBy(host)}`))).join("; "));
    try {
      await apply({ generation: 2 }, { limit: "one" });
      await note();
      await apply({ generation: 2 });
      await note();
      await down("three", async () => {
        const { recap, trouble } = await follow(book({ generation: 2 }), { inventory });
        assert.deepEqual(["one", "two", "three"].map((host) => [recap.hosts[host]?.failed, recap.hosts[host]?.unreachable]), [[0, false], [0, false], [0, true]], trouble);
      });
      await note();
      await apply({ generation: 2 });
      await note();
      await apply({ generation: 2 }, { limit: "two" });
      await apply({ generation: 2 });
      await note();
    } finally {
      await lab.exec("two", "rm -f /root/asking");
    }
    assert.deepEqual(outcomes(await apply({ generation: 2 }), "changed"), []);
    const all = (text: string): string => ["one", "two", "three"].map((host) => `${host} ${text}`).join("; ");
    assert.deepEqual(steps, [
      "one trusts 1 2 shows hawser CA 1; two trusts 1 shows hawser CA 1; three trusts 1 shows hawser CA 1",
      all("trusts 1 2 shows hawser CA 1"),
      all("trusts 1 2 shows hawser CA 1"),
      all("trusts 1 2 shows hawser CA 2"),
      all("trusts 2 shows hawser CA 2"),
    ]);
    const asked = (await lab.exec("two", "sort /root/asked | uniq -c")).trim().split("\n").map((line) => line.trim());
    assert.deepEqual(asked.filter((line) => !/^\d+ (?:answered|restarting)$/.test(line)), []);
    assert.ok(Number(asked.find((line) => line.endsWith("answered"))?.split(" ")[0]) > 50, asked.join("\n"));
    assert.equal((await lab.exec("one", "ls -d /etc/hawser-ca/[0-9]*")).trim(), "/etc/hawser-ca/2");
  });

  void test("a lost CA is not made anew where it is trusted, but counted up, and then kept, brought back", { timeout: 240_000 }, async () => {
    await lab.exec("one", "rm -r /etc/hawser-ca");
    const refused = await follow(book({ generation: 2 }), { inventory });
    assert.match(refused.trouble, /one trusts a CA of generation 2, for web, which this host does not have[\s\S]*count ca\.generation up/);
    assert.equal(await signedBy("two"), "hawser CA 2");
    const store = new Map<string, string>();
    const kept = { load: async (name: string) => store.get(name), prove: async () => undefined, encrypt: async (text: string) => text, save: async (name: string, text: string) => void store.set(name, text) };
    const keeping = async (): Promise<Said> => await follow(book({ generation: 3, keep: true }), { inventory, kept });
    const made = await keeping();
    assert.equal(made.recap.result, "ok", made.trouble);
    assert.deepEqual([...store.keys()], ["one/ca/generation-3"]);
    assert.deepEqual(await Promise.all(["one", "two", "three"].map(signedBy)), Array(3).fill("hawser CA 3"));
    const again = await keeping();
    assert.equal(counted(again), 0, outcomes(again, "changed").join());
    const own = await lab.exec("one", "cat /etc/hawser-ca/3/cert.pem; rm -r /etc/hawser-ca");
    const restored = await keeping();
    assert.equal(restored.recap.result, "ok", restored.trouble);
    assert.equal(await lab.exec("one", "cat /etc/hawser-ca/3/cert.pem"), own);
    assert.equal(counted(await keeping()), 0);
    assert.doesNotMatch(JSON.stringify([made.events, restored.events]), /PRIVATE KEY/);
  });

  void test("while the CA's host is down, the others have nothing to ask of it", { timeout: 120_000 }, async () => {
    await down("one", async () => {
      const said = await follow(book({ generation: 3, keep: true }), { inventory, limit: "two,three" });
      assert.equal(said.recap.result, "ok", said.trouble);
      assert.equal(counted(said), 0);
    });
  });

  /** A host to which nobody can connect meanwhile; what runs there goes on. */
  async function down(host: string, body: () => Promise<void>): Promise<void> {
    await lab.exec(host, "systemctl stop ssh.socket 2>/dev/null || :; systemctl stop ssh || systemctl stop sshd");
    try {
      await body();
    } finally {
      await lab.exec(host, "systemctl start ssh || systemctl start sshd");
    }
  }

  /** As it would be a year later: what the host has is one that the CA has signed, and that ended yesterday. */
  async function endCertificate(): Promise<void> {
    const request = await lab.exec("two", `cat ${TLS}/request.pem`);
    const ended = await lab.feed("one", `cat >/root/request.pem <<'END'
${request}END
export D=/etc/hawser-ca/1
printf '%s\\n' '[ca]' default_ca=o '[o]' 'database=$ENV::D/index.txt' 'serial=$ENV::D/serial' new_certs_dir=/root 'certificate=$ENV::D/cert.pem' 'private_key=$ENV::D/key.pem' default_md=sha256 policy=p unique_subject=no '[p]' commonName=supplied >/root/ca.conf
openssl rand -hex 16 >$D/serial
openssl ca -batch -notext -config /root/ca.conf -startdate "$(date -u -d '-10 days' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)" -in /root/request.pem 2>/dev/null`);
    await lab.feed("two", `cd ${TLS}
cat >cert.pem <<'END'
${ended}END
s=$(sha256sum <cert.pem); s=\${s%% *}
sed -i "s/^certificate .*/certificate $s/; s/^[0-9a-f]* [ *]cert.pem/$s  cert.pem/" record
sha256sum key.pem >/root/key`);
  }
});
