import { Secret, sh, type HandlerNode, type ResourceNode, type Tasks, type Value } from "hawser";
import { pairOf, type Keys } from "./keys.ts";
import { CANARY, CANARY_CONF, CANARY_KEY, CANARY_UNIT, GATEWAY, RUN, SIGNER, TELLER, UNITS } from "./paths.ts";
import { s3Of, trustedOf, type Site } from "./sites.ts";
import { CANARY_NAME } from "./vars.ts";

const METRICS = "/var/lib/prometheus/node-exporter";

export interface CanaryInput {
  readonly t: Tasks;
  readonly own: Site;
  readonly sites: readonly Site[];
  /** Whom it runs as. */
  readonly account: string;
  /** Called where its key is read: it may wait for more than that. */
  readonly keys: Value<Keys> | (() => Keys);
  readonly before: readonly ResourceNode[];
  /** What `declareTools` has declared, where something else needs them before. */
  readonly tools?: readonly ResourceNode[];
  /** Reads units again. */
  readonly units: HandlerNode;
}

/** What sends signed requests. */
export const declareTools = (t: Tasks, needs: readonly ResourceNode[]): readonly ResourceNode[] => [[SIGNER, "s3.sh"] as const, [TELLER, "tell.sh"] as const].map(([path, source]) => t.file(path, { source, mode: "0644", needs }));

/** The script that writes here and looks elsewhere, and what it needs. */
export function declareCanary({ t, own, sites, account, keys, before, tools, units }: CanaryInput): readonly ResourceNode[] {
  const restart = t.handler(`restart ${CANARY_UNIT}`, sh`systemctl is-active --quiet ${CANARY_UNIT} || exit 0
systemctl restart ${CANARY_UNIT}`);
  const { vars, host } = own;
  const others = sites.filter((site) => site.host.name !== host.name).map((site) => `${site.host.name}=${s3Of(site)}`);
  const conf = { host: host.name, own: s3Of(own), sites: others, bucket: CANARY_NAME, within: vars.arrives_within_s, every: vars.canary_every_s, key: CANARY_KEY, trusted: trustedOf(own), signer: SIGNER, run: RUN, metrics: METRICS };
  const options = { mode: "0644", needs: before, notify: restart };
  const content = typeof keys === "function" ? () => signerKey(keys(), CANARY_NAME) : keys.map((all) => signerKey(all, CANARY_NAME));
  return [
    ...(tools ?? declareTools(t, before)),
    t.file(CANARY, { source: "canary.sh", ...options }),
    t.file(CANARY_KEY, { owner: "root", group: account, mode: "0640", content, needs: before, notify: restart }),
    t.template(CANARY_CONF, "canary.conf.ejs", conf, options),
    t.template(`${UNITS}/${CANARY_UNIT}.service`, "canary.service.ejs", { after: `${GATEWAY}.service`, account, script: CANARY, conf: CANARY_CONF }, { mode: "0644", notify: [units, restart] }),
  ];
}

/** Opens when S3 answers the health check's key, with its bucket. */
export const declareAnswering = (t: Tasks, own: Site, needs: readonly ResourceNode[]): ResourceNode =>
  t.gate("S3 answers", { probe: sh`sh ${SIGNER} ${CANARY_KEY} ${trustedOf(own)} HEAD ${`${s3Of(own)}/${CANARY_NAME}`} | grep -q '^200 '`, within: 60, every: 0.5, needs });

export const startCanary = (t: Tasks, needs: readonly ResourceNode[]): ResourceNode => t.service(CANARY_UNIT, { state: "running", enabled: true, needs });

/** What the signer reads for a user. @throws Error for a user without keys */
export function signerKey(made: Keys, user: string): Secret {
  const { access, secret } = pairOf(made, user);
  return new Secret(`ACCESS='${access}'\nSECRET='${secret.reveal()}'\n`);
}
