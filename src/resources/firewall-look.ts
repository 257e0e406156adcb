import { Sh, sh } from "../shell/index.ts";
import { Lines, printed } from "./accounts.ts";
import type { Observed } from "./contract.ts";
import { CURRENT } from "./firewall-install.ts";
import { RULES, UNIT } from "./firewall-loader.ts";
import { WATCHER } from "./firewall-watcher.ts";

/** What the host has to hold rules, and how one rule stands. */
export interface Firewall {
  /** Firewalld runs, and writes its rules by one of these. */
  readonly firewalld: "nftables" | "iptables" | undefined;
  readonly ufw: boolean;
  /** nft is there, and the kernel takes what it says. */
  readonly nft: boolean;
  readonly iptables: boolean;
  /** The rule's lines in the file of rules. */
  readonly lines: readonly string[];
  /** It is in hawser's own table or chains, and these are not as they were loaded; or what keeps rules is not as it should be. */
  readonly unloaded: boolean;
  /** It is in firewalld or ufw, and what that had made of its rules is gone. */
  readonly flushed: boolean;
  /** Lines that firewalld or ufw does not have, now or for the next boot. */
  readonly lost: readonly string[];
}

/** Nothing asks facts.commands: a package may have come since. What is long is on the host, not in every request. */
export function lookAtRule(name: string): Sh {
  return Sh.lines(
    sh`me=${name} f=${RULES}`,
    Sh.raw(`nl='
'
has() { command -v "$1" >/dev/null 2>&1; }
b='' a='' u='' mine=''
if [ -d /run/systemd/system ]; then a=$(systemctl is-active firewalld.service ${UNIT} 2>/dev/null) || :; fi
case $a in active"$nl"*)
if grep -qs '^FirewallBackend=nftables' /etc/firewalld/firewalld.conf; then b=nftables; else b=iptables; fi
echo "firewalld $b" ;;
esac
if has ufw && grep -qis '^ENABLED=yes' /etc/ufw/ufw.conf; then u=y; echo ufw; fi
if has nft && nft -c add table inet hawser 2>/dev/null; then echo nft; fi
if has iptables-legacy || has iptables; then echo iptables; fi
if [ -e "$f" ]; then mine=$(awk -v n="$me" '$2 == n' "$f"); fi
if [ -z "$mine" ]; then exit 0; fi
printf '%s\\n' "$mine" | sed 's/^/rule /'
if ${CURRENT}; then sh ${WATCHER} "$me" "$b" "$u" "$a"; else echo unloaded; fi`),
  );
}

export function parseFirewall(observed: Observed): Firewall {
  const seen = new Lines(observed);
  const firewalld = seen.get("firewalld");
  return {
    firewalld: firewalld === "nftables" || firewalld === "iptables" ? firewalld : undefined,
    ufw: seen.has("ufw"),
    nft: seen.has("nft"),
    iptables: seen.has("iptables"),
    lines: seen.all("rule"),
    unloaded: seen.has("unloaded"),
    flushed: seen.has("flushed"),
    lost: seen.all("lost"),
  };
}

/** What the look prints once the rule has these lines. */
export function printFirewall(seen: Firewall, lines: readonly string[]): Observed {
  return printed([seen.firewalld && `firewalld ${seen.firewalld}`, seen.ufw && "ufw", seen.nft && "nft", seen.iptables && "iptables", ...lines.map((line) => `rule ${line}`)]);
}
