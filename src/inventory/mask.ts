/** Text of a `!secret`, to the end of its line. */
const TAGGED = /!secret\b.*$/;

/** A value whose key says that it is secret. A path (`…_file`) and the tags that only point at a secret stay readable. */
const NAMED = /((?:^|[\s{,"'])[\w-]*(?:pass|passwd|password|passphrase|secret|token|psk)["']?\s*:)(?=\s|$)(?!\s*!(?:env|file|vault|age|command)\b).*$/i;

const MASK = "[secret]";

/**
 * The lines of a YAML text as an error message may quote them.
 *
 * It works on raw lines, not on the parsed document, because syntax errors quote files that have none. It rather masks
 * too much: whatever is indented below a masked line goes as well, since a secret may be a block of several lines.
 */
export function maskLines(text: string): string[] {
  let deeperThan: number | undefined;
  return text.split(/\r?\n/).map((line) => {
    const indent = line.search(/\S/);
    if (deeperThan !== undefined && (indent === -1 || indent > deeperThan)) return indent === -1 ? line : `${line.slice(0, indent)}${MASK}`;
    deeperThan = undefined;
    const masked = line.replace(TAGGED, `!secret ${MASK}`).replace(NAMED, `$1 ${MASK}`);
    if (masked !== line || NAMED.test(line)) deeperThan = indent;
    return masked;
  });
}

/** As `maskLines` for an INI file: whatever stands behind the `=` of a key that says that it is secret, to the end of the line. */
export function maskIniLines(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.replace(/((?:^|[\s"'])[\w-]*(?:pass|passwd|password|passphrase|secret|token|psk)["']?\s*=).*$/i, `$1${MASK}`));
}
