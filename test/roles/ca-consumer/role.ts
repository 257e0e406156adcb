import { defineRole, sh, use, z } from "hawser";
import { ca } from "hawser/roles/ca";
import { leaf, leafFact } from "hawser/roles/ca/leaf";

export const web = defineRole(import.meta, {
  name: "web",
  summary: "A service with mutual TLS.",
  vars: z.strictObject({ address: z.ipv4().describe("Where it is reached.") }),
  dependsOn: [use(ca)],
  facts: () => ({ tls: leafFact("web") }),
  tasks({ t, vars, facts, host, from }) {
    const account = t.user("web", { system: true });
    const reload = t.handler("reload web", sh`systemctl is-active --quiet web || exit 0
systemctl reload web`);
    const tls = leaf({ t, host, from }, {
      name: "web",
      seen: facts.tls,
      names: [`DNS:${host.name}`, "DNS:localhost", `IP:${vars.address}`, "IP:127.0.0.1"],
      usage: "both",
      group: "web",
      needs: [account],
      notify: reload,
    });
    t.file("/etc/web.conf", { content: `key ${tls.key}\ncertificate ${tls.certificate}\ntrusted ${tls.trusted}\n`, needs: [...tls.nodes], notify: reload });
  },
});
