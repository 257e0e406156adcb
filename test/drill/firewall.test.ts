import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { quote } from "../../src/shell/index.ts";
import { iptablesRules, nftRules, type Drop } from "../../src/drill/firewall.ts";
import { HEAL_SCRIPT, makeScript, UNMAKE_SCRIPT } from "../../src/drill/firewall-script.ts";

const tunnels: Drop = { kind: "tunnels", tunnels: [{ address: "203.0.113.2", traffic: ["udp:4500", "esp"] }] };
const isolate: Drop = { kind: "isolate", friends: ["10.20.0.12", "203.0.113.3"] };

test("a tunnel's packets are dropped both ways, whichever end has the known port", () => {
  assert.equal(nftRules(tunnels), `table inet hawser_drill {
  chain input {
    type filter hook input priority -350; policy accept;
    ip saddr 203.0.113.2 udp sport 4500 drop
    ip saddr 203.0.113.2 udp dport 4500 drop
    ip saddr 203.0.113.2 ip protocol esp drop
  }
  chain output {
    type filter hook output priority -350; policy accept;
    ip daddr 203.0.113.2 udp sport 4500 drop
    ip daddr 203.0.113.2 udp dport 4500 drop
    ip daddr 203.0.113.2 ip protocol esp drop
  }
}
`);
  assert.deepEqual(iptablesRules(tunnels).map(({ hook, rule, family }) => `${family} ${hook} ${rule}`), ["INPUT -s", "OUTPUT -d"].flatMap((way) => ["udp --sport 4500", "udp --dport 4500", "esp"].map((what) => `ip ${way} 203.0.113.2 -p ${what} -j DROP`)));
});

test("an isolated host keeps itself, its friends and the controller's ssh, in this order before everything is dropped", () => {
  assert.match(nftRules(isolate), /chain input \{\n.*\n {4}iif lo accept\n {4}\$family saddr \$client tcp dport \$port accept\n {4}ip saddr \{ 10\.20\.0\.12, 203\.0\.113\.3 \} accept\n {4}drop\n/);
  assert.match(nftRules(isolate), /chain output \{\n.*\n {4}oif lo accept\n {4}\$family daddr \$client tcp sport \$port accept\n {4}ip daddr \{ [^}]+ \} accept\n {4}drop\n/);
  assert.match(nftRules(isolate), /chain forward \{\n.*\n {4}drop\n/);
  const input = iptablesRules(isolate).filter(({ hook }) => hook === "INPUT");
  assert.deepEqual(input.map(({ family, rule }) => `${family}: ${rule}`), ["both: -i lo -j ACCEPT", 'client: -s "$client" -p tcp --dport "$port" -j ACCEPT', "ip: -s 10.20.0.12 -j ACCEPT", "ip: -s 203.0.113.3 -j ACCEPT", "both: -j DROP"]);
});

test("a host that stands alone has no friends", () => {
  assert.doesNotMatch(nftRules({ kind: "isolate", friends: [] }), /\{ {2}\}|saddr \{/);
});

for (const [name, script] of [["tunnels", makeScript(tunnels, 65)], ["isolation", makeScript(isolate, 65)], ["heal", HEAL_SCRIPT], ["unmake", UNMAKE_SCRIPT]] as const) {
  test(`the script for ${name} is shell that dash understands`, () => {
    execFileSync("dash", ["-n"], { input: script });
  });

  test(`the script for ${name} has nothing that shellcheck warns of`, { skip: spawnSync("shellcheck", ["--version"]).error !== undefined && "there is no shellcheck here" }, () => {
    // 2086: lists are split on purpose; 2016: quoted text is for a later shell.
    const { stdout } = spawnSync("shellcheck", ["-s", "sh", "-S", "warning", "-e", "2086,2016", "-"], { input: script, encoding: "utf8" });
    assert.equal(stdout, "");
  });
}

test("the timer that heals stands, and is seen to stand, before the first rule", () => {
  const script = makeScript(isolate, 65);
  const at = (text: string): number => {
    const place = script.indexOf(text);
    assert.ok(place >= 0, text);
    return place;
  };
  assert.ok(at("cat >/run/hawser/drill/heal.sh") < at("--on-active=65"));
  assert.ok(at("systemctl is-active --quiet hawser-drill-heal.timer") < at("then now; nft -f -"));
  assert.ok(at("kill -0") < at("then now; nft -f -"));
  assert.ok(at('echo \'no process here knows the connection of the controller') < at("--on-active=65"));
  // The jumps come last: until then the chains are nobody's.
  assert.ok(script.lastIndexOf("-A hawser_drill_") < script.lastIndexOf("-j hawser_drill_"));
});

test("healing comes before the timer is let go", () => {
  assert.ok(UNMAKE_SCRIPT.indexOf("sh /run/hawser/drill/heal.sh") < UNMAKE_SCRIPT.indexOf("systemctl stop"));
});

const networkOfItsOwn = spawnSync("unshare", ["-nm", "nft", "list", "tables"]).status === 0;

/** Runs shell text in a network and a /run of its own, where systemd cannot be asked for a timer. */
function apart(script: string): string {
  const ready = "mount -t tmpfs hawser /run; SSH_CONNECTION='192.0.2.9 5555 10.0.0.1 22'; export SSH_CONNECTION\n";
  return execFileSync("unshare", ["-nm", "sh", "-c", ready + script], { encoding: "utf8" });
}

test("rules are made and taken back, by the drill and by the host alone", { skip: !networkOfItsOwn && "needs root and nftables" }, () => {
  const run = (script: string): string => `sh -c ${quote(script)}\n`;
  const made = apart(`${run(makeScript(tunnels, 60))}${run(makeScript(isolate, 60))}nft list ruleset; ${run(UNMAKE_SCRIPT)}echo ====; nft list ruleset; ls /run/hawser`);
  const [rules = "", after] = made.split("====\n");
  assert.match(rules, /^\d+\.\d+\n\d+\.\d+\n/);
  assert.match(rules, /ip saddr 192\.0\.2\.9 tcp dport 22 accept/);
  assert.doesNotMatch(rules, /203\.0\.113\.2 /, "an earlier drill's rules are gone");
  assert.equal(after, "");
  assert.equal(apart(`${run(makeScript(isolate, 2))}sleep 3; echo ====; nft list ruleset`).split("====\n")[1], "", "nobody healed, and the timer did");
});
