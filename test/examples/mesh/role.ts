import { defineRole, sh, z } from "hawser";

export const mesh = defineRole(import.meta, {
  name: "mesh",
  summary: "Every host knows the others' public keys.",
  vars: z.strictObject({ folder: z.string().default("/etc/mesh").describe("Where the keys lie.") }),
  exports: { key: z.string() },
  tasks({ t, vars: { folder }, peers }) {
    t.directory(folder, { mode: "0700" });
    const key = t.task("key", {
      check: sh`[ -s ${folder}/own.pem ]`,
      apply: sh`openssl genpkey -algorithm x25519 -out ${folder}/own.pem`,
    });
    t.export("key", t.read("public key", { probe: sh`openssl pkey -in ${folder}/own.pem -pubout`, needs: [key] }));

    for (const peer of peers) t.file(`${folder}/${peer.host.name}.pub`, { content: peer.exports.key.map((text) => `${text}\n`) });
  },
});
