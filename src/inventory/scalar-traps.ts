/** A wrong reading that would go unnoticed until it reaches a host. */
export interface Trap {
  readonly message: string;
  readonly hint: string;
  /** How the scalar is read nevertheless: as Ansible does. Absent when it is refused. */
  readonly value?: string | number | boolean;
}

const OLD_BOOLEAN = /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/;
const TRUE = /^(?:yes|on)$/i;
const SEXAGESIMAL = /^[-+]?[1-9]\d*(?::[0-5]?\d)+$/;

/**
 * What is dangerous about an unquoted scalar under `key`, if anything.
 *
 * Where YAML 1.1, which Ansible reads, and YAML 1.2 differ, Ansible's reading counts, so that its files mean what they meant;
 * but it is said, since quoting costs two characters. What is a mistake in both is refused.
 */
export function scalarTrap(key: string | undefined, source: string, value: unknown): Trap | undefined {
  if (key === "mode" && typeof value === "number") {
    return { message: `unquoted mode ${source} is the number ${value}, not an octal file mode`, hint: `quote it: mode: "${source.replace(/^0o/, "0")}"` };
  }
  if (OLD_BOOLEAN.test(source)) {
    const meant = TRUE.test(source);
    return { message: `unquoted ${source} is read as ${meant}, as Ansible does; to YAML 1.2 it is text`, hint: `write ${meant}, or quote it: "${source}"`, value: meant };
  }
  const number = numberOfAnsible(source);
  if (number !== undefined && number !== value) {
    return { message: `unquoted ${source} is read as the number ${number}, as Ansible does`, hint: `quote it: "${source}"`, value: number };
  }
  if (typeof value !== "number") return undefined;
  if (isTextToAnsible(source)) return { message: `unquoted ${source} is read as text, as Ansible does; to YAML 1.2 it is the number ${value}`, hint: `quote it: "${source}"`, value: source };
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^[-+]?\w+$/.test(source)) {
    return { message: `the number ${source} is too large to be exact`, hint: `quote it: "${source}"` };
  }
  return undefined;
}

/** A number that YAML 1.1 has and YAML 1.2 has not, or has with another value: 010, 1_000, 0b11, 10:30. */
function numberOfAnsible(source: string): number | undefined {
  const sign = source.startsWith("-") ? -1 : 1;
  const digits = source.replace(/^[-+]/, "").replaceAll("_", "");
  if (/^[-+]?0[0-7_]+$/.test(source)) return sign * Number.parseInt(digits, 8);
  if (/^[-+]?[1-9][\d_]*$/.test(source) && source.includes("_")) return sign * Number(digits);
  if (/^[-+]?0b[01_]+$/.test(source)) return sign * Number.parseInt(digits.slice(2), 2);
  if (SEXAGESIMAL.test(source)) return sign * digits.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return undefined;
}

/** A number that YAML 1.2 has and YAML 1.1 has not: 089, 0o17, and powers of ten without a point or a sign. */
function isTextToAnsible(source: string): boolean {
  return /^[-+]?(?:0\d*[89]\d*|0o[0-7]+)$/.test(source) || (/^[-+.\d]+e/i.test(source) && !/^[-+]?\d*\.\d*e[-+]\d+$/i.test(source));
}
