import { secret, z } from "hawser";
import { ESP_PROPOSALS, proposal, weakness } from "hawser/roles/gre/esp";
import { gatewaySchema } from "hawser/roles/gre/gateway";
import { MIN_BYTES, bytesOf } from "./psk.ts";

const psk = secret.refine((value) => bytesOf(value) >= MIN_BYTES, `a PSK has at least ${MIN_BYTES} bytes: \`openssl rand -base64 ${MIN_BYTES}\`, with 0s before it`);

const seconds = (most: number) => z.number().min(0.2).max(most);

export const schema = z.strictObject({
  gateway: gatewaySchema.describe("This end, as `gatewayOf(host)` gives it."),
  psk: psk.optional().describe("The secret that the gateways share: at least 32 bytes, as text, or as 0s and base64, or as 0x and hex; `!env NAME` keeps it out of files. Default: the controller makes one for each pair of gateways and puts it on both; it keeps none."),
  psks: z.record(z.string(), psk).default({}).describe("Secrets for single peers, by the name of their host, in place of `psk`. The peer says the same for this host."),
  psk_generation: z.number().int().min(1).default(1).describe("Another number makes other secrets, where the controller makes them. The same on every gateway."),
  ike_proposals: z.array(proposal).min(1).default(["aes256gcm16-prfsha384-ecp384", "aes256-sha256-modp2048"]).describe("What protects the key exchange; the first that both ends know is taken. Weak ones need `legacy_proposals` and are offered last."),
  esp_proposals: z.array(proposal).min(1).default([...ESP_PROPOSALS]).describe("What protects the packets. Say the same to role gre, whose MTU follows from it."),
  legacy_proposals: z.boolean().default(false).describe("Allows proposals with modp1024, sha1, md5 or 3des, for a peer that knows no others."),
  dpd_delay: seconds(3600).default(2).describe("Seconds between questions whether a silent peer is there."),
  retransmit_tries: z.number().int().min(1).max(20).default(3).describe("How often a question of IKE is asked again until the peer counts as gone. strongSwan's own settings take 165 s; these take 8."),
  retransmit_timeout: seconds(60).default(1).describe("Seconds until it is asked again for the first time; longer than the longest round trip."),
  retransmit_base: z.number().min(1).max(4).default(1.5).describe("By what each wait is longer than the one before."),
  epel: z.boolean().default(true).describe("EL: installs epel-release, which has strongSwan. False where another repository has it."),
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
}).check(({ value, issues }) => {
  for (const name of ["ike_proposals", "esp_proposals"] as const) {
    value[name].forEach((text, i) => {
      const why = weakness(text);
      if (why !== undefined && !value.legacy_proposals) issues.push({ code: "custom", path: [name, i], message: `${text} is weak: ${why}; take aes256-sha256-modp2048, or say legacy_proposals: true`, input: value });
    });
  }
  // An IKE proposal without a group can agree on no key.
  value.ike_proposals.forEach((text, i) => {
    if (!/-(?:modp|ecp|curve|x25519|x448)/.test(text)) issues.push({ code: "custom", path: ["ike_proposals", i], message: `${text} names no Diffie-Hellman group, such as ecp384 or modp2048`, input: value });
  });
});

export type Vars = z.output<typeof schema>;

/** Strong ones first, whatever the order in which they were given. */
export const strongFirst = (proposals: readonly string[]): readonly string[] => [...proposals.filter((text) => weakness(text) === undefined), ...proposals.filter((text) => weakness(text) !== undefined)];

/** Seconds until a silent peer counts as gone. */
export function givesUpAfter({ retransmit_tries: tries, retransmit_timeout: first, retransmit_base: base }: Vars): number {
  return Array.from({ length: tries + 1 }, (_, i) => first * base ** i).reduce((sum, wait) => sum + wait, 0);
}
