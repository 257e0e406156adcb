import { labHosts, site, type HostRow } from "./row.ts";

/** A run on b1 with these ssh settings instead of the right ones. */
const via = (ssh: string, more = ""): Readonly<Record<string, string>> => ({
  "site.ts": site(`t.file("/srv/never", { content: "x" });`),
  "inv/hosts.yml": `all:\n  hosts:\n    b1: { ssh: { address: 198.18.41.11, user: root, key: "{KEY}", known_hosts: "{KNOWN_HOSTS}", host_key_checking: strict, config: false, agent: false${ssh} }${more} }\n`,
});
const instead = (old: string, text: string, more = ""): Readonly<Record<string, string>> => {
  const files = via("", more);
  return { ...files, "inv/hosts.yml": (files["inv/hosts.yml"] ?? "").replace(old, text) };
};
const as = (user: string, become: string): Readonly<Record<string, string>> => instead("user: root", `user: ${user}`, `, become: { ${become} }`);

export const connections: readonly HostRow[] = [
  { id: "name-unknown", wrong: "an address that does not resolve", files: instead("198.18.41.11", "gone.invalid"), exit: 4, says: "b1: root@gone.invalid:22: the name gone.invalid is not known here (…)", hint: "check `ssh: { address }` in the inventory, or the name server" },
  { id: "port-refused", wrong: "a port on which nothing listens", files: via(", port: 1"), exit: 4, says: "b1: root@198.18.41.11:1 refuses the connection", hint: "check the port, and that sshd runs there" },
  { id: "address-silent", wrong: "an address that does not answer", files: instead("198.18.41.11", "198.18.41.250"), args: ["run", "site.ts", "-i", "inv", "-e", "ssh.connect_timeout=1"], exit: 4, says: "b1: no answer from root@198.18.41.250:22 within 1 s", hint: "check that the host is up and that no firewall from here drops port 22; a slow host needs a higher `ssh: { connect_timeout }`" },
  { id: "key-wrong", wrong: "a key that the host does not accept", files: instead("{KEY}", "{WRONG_KEY}"), exit: 4, says: "b1: root@198.18.41.11:22 lets root not in: tried …/wrong; no password given; the host takes …", hint: "check `ssh: { user, key, password }`, or add the public key to ~root/.ssh/authorized_keys on the host" },
  { id: "key-encrypted", wrong: "an encrypted key without its passphrase", files: instead("{KEY}", "{LOCKED_KEY}"), exit: 4, says: "b1: root@198.18.41.11:22 lets root not in: nothing to try; not usable: …/locked (encrypted, no passphrase given); no password given…", hint: "check `ssh: { passphrase }`, or add the key to an ssh agent" },
  { id: "key-passphrase-wrong", wrong: "an encrypted key with a wrong passphrase", files: instead('key: "{KEY}"', `key: "{LOCKED_KEY}", passphrase: !secret wrong-one`), exit: 4, says: "b1: root@198.18.41.11:22 lets root not in: nothing to try; not usable: …/locked (the passphrase does not open it)…", never: ["wrong-one"] },
  { id: "key-missing", wrong: "a key file that is not there", files: instead("{KEY}", "{DIR}/gone"), exit: 4, says: "b1: cannot read the key …/gone: ENOENT", hint: "check `ssh: { key }` in the inventory" },
  { id: "host-key-unknown", wrong: "a host whose key is not known", files: { ...instead("{KNOWN_HOSTS}", "{DIR}/known"), known: "" }, exit: 4, says: "b1: root@198.18.41.11:22 is not in …/known; it shows ssh-ed25519 SHA256:…", hint: "compare the fingerprint with the host's own, then `ssh-keyscan -t ed25519 198.18.41.11 >> …/known`, or set `ssh: { host_key_checking: accept-new }`" },
  { id: "host-key-changed", wrong: "a host whose key is another than before", files: { ...instead("{KNOWN_HOSTS}", "{DIR}/known"), known: "# a comment\n198.18.41.11 {OTHER_HOST_KEY}\n" }, exit: 4, says: "b1: root@198.18.41.11:22 shows another host key than the one recorded at …/known:2 (ssh-ed25519 SHA256:…); it shows ssh-ed25519 SHA256:…", hint: "either the host was reinstalled or somebody is in between; if you know that it is new: ssh-keygen -f …/known -R '198.18.41.11'" },
  { id: "user-unknown", wrong: "a user that the host does not have", files: instead("user: root", "user: nobody-here"), exit: 4, says: "b1: nobody-here@198.18.41.11:22 lets nobody-here not in: tried …" },
  { id: "login-shut", wrong: "a user without a shell", files: instead("user: root", "user: shut"), exit: 4, says: "b1: shut may log in but gets no shell (exit code 1): This account is currently not available.", hint: "look at the login shell and the start-up files of shut on the host" },
  { id: "jump-refused", wrong: "a jump host that cannot be reached", files: via(", jump: 'root@198.18.42.11:1'"), exit: 4, says: "…root@198.18.42.11:1 refuses the connection", hint: "check the port, and that sshd runs there" },
  { id: "behind-jump-refused", wrong: "a host that its jump host cannot reach", files: via(", jump: 'root@198.18.42.11', port: 1"), exit: 4, says: "b1: root@198.18.42.11:22 cannot connect to 198.18.41.11:1: Connection refused", hint: "check the address and the port as seen from the jump host" },
  { id: "become-wrong-password", wrong: "a wrong become password", files: as("admin", "method: sudo, password: !secret wrong-one"), exit: 4, says: "b1: sudo refused the password of admin to become root", hint: "check `become: { password }`: sudo wants the password of admin", never: ["wrong-one"] },
  { id: "become-no-password", wrong: "become without a password where one is needed", files: as("admin", "method: sudo"), exit: 4, says: "b1: sudo asks for the password of admin to become root, and none is given", hint: "set `become: { password }` in the inventory, e.g. `!env SUDO_PASSWORD`" },
  { id: "become-not-allowed", wrong: "a user who is not among the sudoers", files: as("worker", "method: sudo, password: !secret right"), exit: 4, says: "b1: sudo …", never: ["right"] },
  { id: "become-not-set-up", wrong: "a become method that is not set up", files: as("worker", "method: doas"), exit: 4, says: "b1: doas does not let worker become root: doas: doas is not enabled, /etc/doas.conf: No such file or directory", hint: "allow it in the host's doas rules, or choose another become method" },
  { id: "one-of-two", wrong: "one of two hosts that cannot be reached", files: { "site.ts": site(`t.directory("/srv");`, "all"), "inv/hosts.yml": labHosts(", port: 1") }, args: ["run", "site.ts", "-i", "inv", "--check"], exit: 4, says: "1 host ok, 1 unreachable: check the connection to it and run again with --limit b1…", also: ["b1 … unreachable …", "b2 … ok …"] },
];
