import { defineRole, play, playbook, secret, Secret, sh, use, z } from "hawser";
import { ca } from "hawser/roles/ca";
import { leaf, leafFact } from "hawser/roles/ca/leaf";

const FOLDER = "/srv/canary";

/** Everything that a secret can be put into. `mode` says how the run ends. */
const canary = defineRole(import.meta, {
  name: "canary",
  summary: "Secrets in every place that takes one, and in some that should not have them.",
  vars: z.strictObject({ token: secret, key: secret, hash: secret, mode: z.enum(["ok", "fail", "hang"]) }),
  tasks({ t, vars: { token, key, hash, mode } }) {
    t.directory(FOLDER, { mode: "0700" });
    t.template(`${FOLDER}/app.conf`, "app.ejs", { token }, { mode: "0600" });
    t.file(`${FOLDER}/key.pem`, { content: key, mode: "0600" });
    // Revealed by the role, so that no kind knows that it is secret.
    t.file(`${FOLDER}/revealed`, { content: `first\n${token.reveal()}\n`, mode: "0600" });
    t.file(`${FOLDER}/ini`, { content: "[main]\n", mode: "0600" });
    t.line(`${FOLDER}/ini.lines`, { match: /^password=/, line: new Secret(`password=${token.reveal()}`), create: true });
    t.user("canary", { passwordHash: hash });
    t.task("by standard input", { check: sh`[ -s ${FOLDER}/fed ]`, apply: sh`cat >${FOLDER}/fed`.stdin(token) });
    t.task("in the environment", { check: sh`[ -s ${FOLDER}/env ]`, apply: sh`IFS= read -r TOKEN || :; export TOKEN; sh -c 'printf %s "$TOKEN"' >${FOLDER}/env`.stdin(token) });
    t.task("by zx", {
      check: sh`[ -s ${FOLDER}/zx ]`,
      apply: async ({ $ }) => {
        await $({ input: token.reveal() })`tee ${FOLDER}/zx`;
      },
    });
    // Each way in which a command may say what it was given.
    const chatter = sh`in=$(cat); for to in 1 2; do { printf 'raw %s\n' "$in"; printf %s "$in" | base64 -w 0; echo; printf %s "$in" | base64; printf %s "$in" | od -An -v -tx1 | tr -d ' \n'; echo; printf 'user:%s' "$in" | base64 -w 0; echo; } >&$to; done`;
    t.task("chatters about the token", { check: sh`[ -e ${FOLDER}/chatted ]`, apply: sh`${chatter}; touch ${FOLDER}/chatted`.stdin(token) });
    t.task("chatters about the key", { check: sh`[ -e ${FOLDER}/chatted-2 ]`, apply: sh`${chatter}; touch ${FOLDER}/chatted-2`.stdin(key) });
    if (mode === "fail") {
      t.task("fails", { check: sh`exit 1`, apply: sh`${chatter}; exit 3`.stdin(token) });
      t.task("is not reached", { check: sh`exit 1`, apply: sh`true` });
    }
    if (mode === "hang") t.task("hangs", { check: sh`[ -e ${FOLDER}/went-on ]`, apply: sh`in=$(cat); touch ${FOLDER}/hangs; ${chatter}; while [ -e ${FOLDER}/hold ]; do sleep 0.1; done; touch ${FOLDER}/went-on`.stdin(token) });
  },
  verify({ v }) {
    v.assert("token", { probe: sh`cat ${FOLDER}/app.conf`, value: ({ out }) => out.trim(), limit: { equals: "something else" } });
  },
});

/** Keys that hosts make themselves: the CA's, which the controller keeps, and one of each host, which never leaves it. */
const keyed = defineRole(import.meta, {
  name: "keyed",
  summary: "A certificate with a key of the host.",
  vars: z.strictObject({}),
  facts: () => ({ tls: leafFact("canary") }),
  tasks(input) {
    leaf(input, { name: "canary", seen: input.facts.tls, names: [`DNS:${input.host.name}`], usage: "both", joined: true });
  },
});

export default playbook(import.meta, [
  play({ name: "keys", hosts: "all", roles: [use(ca, { host: "deb", keep: true }), use(keyed, {})] }),
  play({
    name: "canary",
    hosts: "all",
    roles: [use(canary, (host) => {
      const { token, key, hash, mode } = host.inventory as { token: Secret; key: Secret; hash: Secret; mode: "ok" };
      return { token, key, hash, mode };
    })],
  }),
]);
