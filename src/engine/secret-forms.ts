/** Shorter values would blot out ordinary words. */
export const SHORTEST = 4;

/** Columns after which base64(1) and PEM break lines. */
const WRAPPED = [76, 64];

/**
 * A secret as it may come back in what a host or a program prints: as it is, line by line, and as encoders and quoters write it.
 * Forms shorter than 4 characters are left out.
 */
export function formsOf(secret: string): Set<string> {
  const forms = new Set<string>();
  const add = (form: string): void => {
    if (form.trim().length >= SHORTEST) forms.add(form);
  };
  const lines = secret.split(/\r?\n/);
  for (const text of [secret, secret.trim(), ...(lines.length > 1 ? lines.flatMap((line) => [line, line.trim()]) : [])]) {
    add(text);
    for (const quoted of quotings(text)) add(quoted);
  }
  // Encoders are given the whole, with its last newline or without.
  for (const text of new Set([secret, secret.trim(), `${secret}\n`])) for (const encoded of encodings(text)) add(encoded);
  return forms;
}

/** How shells, JSON, YAML, URLs and HTML write a text. Most texts need none of it. */
function quotings(text: string): string[] {
  const url = percent(text);
  return [
    text.replaceAll("'", String.raw`'\''`),
    text.replaceAll("'", `'"'"'`),
    text.replaceAll("'", "''"),
    text.replaceAll(/["\\$`]/g, String.raw`\$&`),
    JSON.stringify(text).slice(1, -1),
    JSON.stringify(text).slice(1, -1).replaceAll("/", String.raw`\/`),
    url,
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    url.replaceAll("%20", "+"),
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
  ];
}

function encodings(text: string): string[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString("hex");
  const padded = bytes.toString("base64");
  const found = [hex, hex.toUpperCase(), ...(hex.match(/.{60}/g) ?? []), padded, padded.replaceAll("=", ""), bytes.toString("base64url")];
  // Inside a longer text, as in "user:password", base64 has one of three shapes, by what stands before.
  for (const before of [0, 1, 2]) {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const core = whole.toString("base64").slice([0, 2, 3][before], Math.floor((whole.length * 8) / 6));
    found.push(core, core.replaceAll("+", "-").replaceAll("/", "_"));
    if (before === 0) for (const width of WRAPPED) if (core.length > width) found.push(...(core.match(new RegExp(`.{1,${width}}`, "g")) ?? []));
  }
  return found;
}

/** As encodeURIComponent, but also of what is no text, such as half a surrogate pair, which it would throw at. */
function percent(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
