import { defineRole, sh, z } from "hawser";

export const certificate = defineRole(import.meta, {
  name: "certificate",
  summary: "A certificate that the host signs itself.",
  vars: z.strictObject({
    folder: z.string().default("/etc/certificate").describe("Where key and certificate lie."),
    days: z.number().int().positive().default(365).describe("How long it is valid."),
  }),
  tasks({ t, vars: { folder, days }, host }) {
    t.directory(folder, { mode: "0700" });
    // #region shell
    const key = t.task("key", {
      check: sh`[ -s ${folder}/key.pem ]`,
      apply: sh`openssl genpkey -algorithm ed25519 -out ${folder}/key.pem`,
    });
    // #endregion
    // #region zx
    t.task("certificate", {
      // Exit 1: it is missing, of another key, or ends within 30 days.
      check: sh`[ -s ${folder}/cert.pem ] || exit 1
[ "$(openssl pkey -in ${folder}/key.pem -pubout)" = "$(openssl x509 -in ${folder}/cert.pem -noout -pubkey)" ] || exit 1
openssl x509 -in ${folder}/cert.pem -noout -checkend 2592000 >/dev/null`,
      apply: async ({ $ }) => {
        const request = await $`openssl req -new -key ${folder}/key.pem -subj /CN=${host.name}`;
        await $({ input: request.stdout })`openssl x509 -req -signkey ${folder}/key.pem -days ${days} -out ${folder}/cert.pem`;
      },
      needs: [key],
      predict: "runs",
    });
    // #endregion
  },
});
