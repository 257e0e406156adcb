import { secret, z, type Secret } from "hawser";

/** Where secrets of receivers lie, each in a file of its own; Alertmanager's configuration names the files. */
export const SECRETS = "/etc/prometheus/alertmanager-secrets";

const resolved = z.boolean().default(true).describe("Tells when it is over, too.");

/** Who is told, in the words of Alertmanager's own configuration; what is secret goes to files. */
export const receiver = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,40}$/, "letters, digits, dots, dashes and underscores").describe("The receiver's name."),
  severities: z.array(z.enum(["critical", "warning"])).min(1).default(["critical", "warning"]).describe("Which alerts."),
  email_configs: z.array(z.strictObject({ to: z.email().describe("Whom to write to."), send_resolved: resolved })).default([]).describe("By mail; needs `smtp`."),
  slack_configs: z.array(z.strictObject({ api_url: secret.describe("The webhook's URL."), channel: z.string().describe("The channel."), send_resolved: resolved })).default([]).describe("To Slack."),
  pagerduty_configs: z.array(z.strictObject({ routing_key: secret.describe("The integration's key."), send_resolved: resolved })).default([]).describe("To PagerDuty."),
  webhook_configs: z
    .array(z.strictObject({ url: z.url({ protocol: /^https?$/ }).describe("Where alerts are posted as JSON."), credentials: secret.optional().describe("Sent as `Authorization: Bearer`."), send_resolved: resolved }))
    .default([])
    .describe("To a program of your own."),
});

export const smtp = z.strictObject({
  smarthost: z.string().regex(/^[\w.-]+:\d{1,5}$/, "HOST:PORT").describe("The mail server."),
  from: z.email().describe("Who writes."),
  auth_username: z.string().optional().describe("Its user there."),
  auth_password: secret.optional().describe("Its password there."),
  require_tls: z.boolean().default(true).describe("Sends nothing without TLS."),
});

export type Receiver = z.output<typeof receiver>;
export type Smtp = z.output<typeof smtp>;

/** A key of YAML with its value, as it stands in a mapping. */
type Setting = readonly [key: string, value: string];

/** A receiver as the template writes it: by its kind, the settings of each. */
export interface Told {
  readonly name: string;
  readonly severities: readonly string[];
  readonly kinds: readonly { readonly kind: string; readonly configs: readonly (readonly Setting[])[] }[];
}

/** A secret, and the file that it goes to. */
export interface SecretFile {
  readonly file: string;
  readonly value: Secret;
}

/** JSON is YAML: quotes and all. */
const quoted = (text: string): string => JSON.stringify(text);

/** Receivers for the template, and the files that their secrets are in. */
export function tellingOf(receivers: readonly Receiver[], mail: Smtp | undefined): { readonly told: readonly Told[]; readonly files: readonly SecretFile[] } {
  const files: SecretFile[] = [];
  const kept = (name: string, value: Secret): string => {
    const file = `${SECRETS}/${name}`;
    files.push({ file, value });
    return quoted(file);
  };
  const mailed: readonly Setting[] = mail === undefined ? [] : [
    ["smarthost", quoted(mail.smarthost)],
    ["from", quoted(mail.from)],
    ["require_tls", String(mail.require_tls)],
    ...(mail.auth_username === undefined ? [] : [["auth_username", quoted(mail.auth_username)] as const]),
    ...(mail.auth_password === undefined ? [] : [["auth_password_file", quoted(`${SECRETS}/smtp`)] as const]),
  ];
  if (mail?.auth_password !== undefined) files.push({ file: `${SECRETS}/smtp`, value: mail.auth_password });
  const told = receivers.map(({ name, severities, email_configs, slack_configs, pagerduty_configs, webhook_configs }) => {
    const over = (send: boolean): Setting => ["send_resolved", String(send)];
    const kinds = [
      { kind: "email_configs", configs: email_configs.map((each): Setting[] => [["to", quoted(each.to)], ...mailed, over(each.send_resolved)]) },
      { kind: "slack_configs", configs: slack_configs.map((each, i): Setting[] => [["api_url_file", kept(`${name}.slack.${i}`, each.api_url)], ["channel", quoted(each.channel)], over(each.send_resolved)]) },
      { kind: "pagerduty_configs", configs: pagerduty_configs.map((each, i): Setting[] => [["routing_key_file", kept(`${name}.pagerduty.${i}`, each.routing_key)], over(each.send_resolved)]) },
      {
        kind: "webhook_configs",
        configs: webhook_configs.map((each, i): Setting[] => [
          ["url", quoted(each.url)],
          ...(each.credentials === undefined ? [] : [["http_config", `{ authorization: { credentials_file: ${kept(`${name}.webhook.${i}`, each.credentials)} } }`] as const]),
          over(each.send_resolved),
        ]),
      },
    ];
    return { name, severities, kinds: kinds.filter(({ configs }) => configs.length > 0) };
  });
  return { told, files };
}
