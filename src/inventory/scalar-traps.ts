/** Unquoted words that YAML 1.1 (and so Ansible) reads as a boolean and YAML 1.2 (and so hawser) as text. */
const OLD_BOOLEAN = /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/;
const TRUE = /^(?:yes|on)$/i;

/** A wrong reading that would go unnoticed until it reaches a host. */
export interface Trap {
  readonly message: string;
  readonly hint: string;
}

/**
 * What is dangerous about an unquoted scalar under `key`, if anything.
 *
 * All of these are errors rather than warnings: each has two plausible meanings, and quoting costs two characters.
 */
export function scalarTrap(key: string | undefined, source: string, value: unknown): Trap | undefined {
  if (OLD_BOOLEAN.test(source)) {
    const meant = String(TRUE.test(source));
    return { message: `unquoted ${source} is ${meant} to Ansible but text to YAML 1.2`, hint: `write ${meant}, or quote it: "${source}"` };
  }
  if (typeof value !== "number") return undefined;
  if (key === "mode") {
    return { message: `unquoted mode ${source} is the number ${value}, not an octal file mode`, hint: `quote it: mode: "${source.replace(/^0o/, "0")}"` };
  }
  if (/^[-+]?0\d+$/.test(source)) {
    return { message: `unquoted ${source} is the number ${value} here but octal to Ansible`, hint: `quote it: "${source}", or write the number without the leading zero` };
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^[-+]?\w+$/.test(source)) {
    return { message: `the number ${source} is too large to be exact`, hint: `quote it: "${source}"` };
  }
  return undefined;
}
