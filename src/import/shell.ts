import type { Code } from "./expression/code.ts";
import { interpolate, quoted } from "./expression/code.ts";
import { Printer } from "./expression/print.ts";
import { Unconvertible } from "./expression/scope.ts";
import type { Names } from "./names.ts";
import { piecesOf } from "./text.ts";

/** Characters of a word that no shell takes for anything else. */
const PLAIN = /^[\w@%+=:,./-]*$/;

/** A shell script: what stands outside of quotes and is a template becomes a hole of sh`…`. @throws Unconvertible */
export function script(text: string, names: Names): string {
  const pieces = piecesOf(text.trimEnd(), names);
  refuseSecrets(pieces);
  names.uses.add("sh");
  if (pieces.every((piece) => typeof piece === "string")) return `sh\`${shText(pieces.join(""))}\``;
  const inQuotes = quoteStates(pieces);
  if (pieces.some((piece, i) => typeof piece === "object" && (inQuotes[i] !== undefined || isLoose(piece)))) {
    // Ansible puts text into text, and so does this: quotes in the script go on meaning what they mean.
    names.uses.add("Sh");
    return `Sh.raw(${interpolate(pieces.map((piece) => (typeof piece === "string" ? piece : new Printer(names).printed(piece)))).text.replaceAll(String.raw`\n`, "\n")})`;
  }
  return `sh\`${pieces.map((piece) => (typeof piece === "string" ? shText(piece) : hole(piece, names))).join("")}\``;
}

/** A command without a shell: words, of which none means anything to a shell. */
export function command(text: string, names: Names): string {
  const pieces = piecesOf(text.trim(), names);
  refuseSecrets(pieces);
  names.uses.add("sh");
  return `sh\`${words(pieces).map((word) => wordCode(word, names)).join(" ")}\``;
}

/** The words of `argv`. */
export function commandOf(argv: readonly (readonly (string | Code)[])[], names: Names): string {
  argv.forEach(refuseSecrets);
  names.uses.add("sh");
  return `sh\`${argv.map((word) => wordCode({ pieces: word, quoted: true }, names)).join(" ")}\``;
}

interface Word {
  readonly pieces: readonly (string | Code)[];
  readonly quoted: boolean;
}

/** As Python's shlex divides it. */
function words(pieces: readonly (string | Code)[]): Word[] {
  const found: { pieces: (string | Code)[]; quoted: boolean }[] = [];
  let word: { pieces: (string | Code)[]; quoted: boolean } | undefined;
  let mark = "";
  const open = (): NonNullable<typeof word> => {
    if (word === undefined) found.push((word = { pieces: [], quoted: false }));
    return word;
  };
  const add = (piece: string | Code): void => {
    const { pieces } = open();
    const last = pieces.at(-1);
    if (typeof piece === "string" && typeof last === "string") pieces[pieces.length - 1] = last + piece;
    else pieces.push(piece);
  };
  for (const piece of pieces) {
    if (typeof piece === "object") {
      add(piece);
      continue;
    }
    for (let i = 0; i < piece.length; i++) {
      const char = piece[i] ?? "";
      if (mark === "" && /\s/.test(char)) word = undefined;
      else if (mark === "" && (char === '"' || char === "'")) {
        mark = char;
        open().quoted = true;
      } else if (char === mark) mark = "";
      else if (char === "\\" && mark !== "'") {
        i += 1;
        const next = piece[i] ?? "";
        add(mark === '"' && next !== '"' && next !== "\\" ? `\\${next}` : next);
      } else add(char);
    }
  }
  if (mark !== "") throw new Unconvertible("a command with an open quote", 0);
  return found;
}

function wordCode({ pieces, quoted: wasQuoted }: Word, names: Names): string {
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === "object") {
    if (only.type.kind === "list") return `\${${only.text}}`;
    return isLoose(only) && !wasQuoted ? `\${${names.helper("split")}(${new Printer(names).text(only).text})}` : hole(only, names);
  }
  if (pieces.every((piece) => typeof piece === "string")) {
    const text = pieces.join("");
    if (text !== "" && PLAIN.test(text)) return text;
    return text.includes("'") ? `\${${quoted(text)}}` : `'${shText(text)}'`;
  }
  if (pieces.every((piece) => typeof piece === "object" || PLAIN.test(piece))) return pieces.map((piece) => (typeof piece === "string" ? piece : hole(piece, names))).join("");
  return `\${${interpolate(pieces.map((piece) => (typeof piece === "string" ? piece : new Printer(names).printed(piece)))).text}}`;
}

function hole(value: Code, names: Names): string {
  const printed = value.type.kind === "any" ? value : new Printer(names).printed(value);
  return `\${${value.maybe === true ? new Printer(names).text(value).text : printed.text}}`;
}

/** A value that is known to hold blanks or what a shell takes for more than text. */
const isLoose = ({ type }: Code): boolean => type.kind === "text" && type.loose === true;

function refuseSecrets(pieces: readonly (string | Code)[]): void {
  if (pieces.some((piece) => typeof piece === "object" && piece.type.kind === "secret")) throw new Unconvertible("a secret stands in a command, where every user of the host could read it: feed it with sh`…`.stdin(secret)", 0);
}

const shText = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${");

/** For each piece that is a hole, the quotes that are open there. */
function quoteStates(pieces: readonly (string | Code)[]): (string | undefined)[] {
  let mark: string | undefined;
  return pieces.map((piece) => {
    if (typeof piece === "object") return mark;
    for (let i = 0; i < piece.length; i++) {
      const char = piece[i];
      if (char === "\\" && mark !== "'") i += 1;
      else if (mark === undefined && (char === '"' || char === "'")) mark = char;
      else if (char === mark) mark = undefined;
    }
    // A here-document takes text as it is.
    if (mark === undefined && /<<-?\s*['"]?\w+/.test(piece)) mark = "<<";
    return undefined;
  });
}
