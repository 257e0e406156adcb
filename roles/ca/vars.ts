import { Secret, secret, z } from "hawser";
import { wrongRange } from "./names.ts";

const text = z.union([z.string(), secret]);

const pair = z.strictObject({
  certificate: text.describe("As PEM, followed by those between it and the CA, if there are any; `!file PATH` takes it from a file."),
  key: secret.describe("As PEM, without a passphrase."),
});

export const schema = z.strictObject({
  host: z.string().regex(/^[\w.:-]+$/).optional().describe("The host that has the CA's key and signs, by its name in the inventory. The same on every host. Not with `own`."),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, "letters, digits, '.', '_' and '-', at most 40").default("hawser").describe("What the CA is called in its certificate."),
  generation: z.number().int().min(1).max(9999).default(1).describe("Counted up, another CA takes the place of this one, step by step with each run. The same on every host."),
  days: z.number().int().min(365).max(9125).default(3650).describe("Days for which a CA is made."),
  leaf_days: z.number().int().min(60).max(825).default(365).describe("Days for which a certificate is made; it is renewed, with a new key, 30 days before its end."),
  permitted: z.array(z.string().check(({ value, issues }) => {
    const why = wrongRange(value);
    if (why !== undefined) issues.push({ code: "custom", message: why, input: value });
  })).default([]).describe("All that the CA may sign: `DNS:DOMAIN` for it and all below it, `IP:ADDRESS/BITS`. It stands in the CA's certificate, so a change needs another `generation`. Default: any name."),
  keep: z.boolean().default(false).describe("Keeps the CA's key at the controller too, encrypted for the inventory's recipients, so that a CA whose host is lost can be restored. Default: it never leaves its host."),
  own: z
    .strictObject({
      certificate: text.describe("The CA's certificate as PEM, or several of them while one takes the other's place."),
      certificates: z.record(z.string(), pair).default({}).describe("This host's certificates with their keys, by the name under which a role asks for them."),
    })
    .optional()
    .describe("A CA of yours, in place of one that is made: its certificate, and on each host the certificates that you have it sign."),
}).check(({ value, issues }) => {
  const complain = (path: string, message: string) => void issues.push({ code: "custom", path: [path], message, input: value });
  if (value.host === undefined && value.own === undefined) complain("host", "say which host has the CA's key, the same for all hosts, or give a CA of your own with `own`");
  if (value.host !== undefined && value.own !== undefined) complain("own", "either `host`, which makes a CA, or `own`");
  if (value.days < value.leaf_days + 60) complain("days", `a CA of ${value.days} days can sign nothing for ${value.leaf_days} days after its first 60`);
});

export type Vars = z.output<typeof schema>;
export type Own = NonNullable<Vars["own"]>;

/** What was given as text, or as a secret because it came from a file. */
export const textOf = (given: string | Secret): string => (given instanceof Secret ? given.reveal() : given);

/** A certificate is made anew that many seconds before its end: 30 days. */
export const RENEWED_BEFORE = 2_592_000;
