import { quote } from "./quote.ts";
import { Secret } from "./secret.ts";
import { Value } from "./value.ts";

/** What a hole in an `sh` template takes: each word is quoted, an array becomes several words, an Sh is inserted as it is. */
export type ShHole = string | number | Sh | readonly (string | number)[] | Value<string | number | readonly (string | number)[]>;

interface Stdin {
  readonly text: string | Secret | Value<string | Secret>;
}

/**
 * A shell command as a value: built without running, compared as text in tests, rendered when it is sent.
 *
 * A Secret is refused in a hole, because it would reach the host's process list; pass it by `stdin()`.
 */
export class Sh {
  readonly #parts: readonly (string | Sh | Value<unknown>)[];
  readonly #stdin: Stdin | undefined;

  /** @internal Use the `sh` tag or `Sh.raw`. */
  constructor(parts: readonly (string | Sh | Value<unknown>)[], stdin?: Stdin) {
    this.#parts = parts;
    this.#stdin = stdin;
  }

  /** Shell text taken as it is, unquoted. */
  static raw(text: string): Sh {
    return new Sh([text]);
  }

  /** Commands one after the other, each on its own line. */
  static lines(...commands: readonly (Sh | string | false | undefined)[]): Sh {
    const kept = commands.filter((command): command is Sh | string => command !== false && command !== undefined && command !== "");
    return new Sh(kept.flatMap((command, i) => (i === 0 ? [command] : ["\n", command])));
  }

  /** Feeds `text` to the command's standard input; the only way in for a Secret. It never touches argv or a temporary file. */
  stdin(text: string | Secret | Value<string | Secret>): Sh {
    return new Sh(this.#parts, { text });
  }

  /** True when rendering would reveal a Secret. */
  get sensitive(): boolean {
    const fed = this.#stdin?.text;
    const secretFed = fed instanceof Secret || (fed instanceof Value && fed.known && fed.get() instanceof Secret);
    return secretFed || this.#parts.some((part) => part instanceof Sh && part.sensitive);
  }

  /** The late values that rendering needs. */
  values(): Value<unknown>[] {
    const fed = this.#stdin?.text;
    const inside = this.#parts.flatMap((part) => (part instanceof Sh ? part.values() : part instanceof Value ? [part] : []));
    return fed instanceof Value ? [...inside, fed] : inside;
  }

  /**
   * The text to send. `onReveal` sees every secret that the text now holds, so that the caller can redact what comes back.
   * @throws ValuePending while a late value in it is not known.
   */
  render(onReveal: (secret: Secret) => void = () => {}): string {
    const body = this.#parts.map((part) => renderPart(part, onReveal)).join("");
    if (this.#stdin === undefined) return body;
    const fed = this.#stdin.text instanceof Value ? this.#stdin.text.get() : this.#stdin.text;
    if (fed instanceof Secret) onReveal(fed);
    // printf is a builtin: nothing in argv. A here-document would need TMPDIR in bash before 5.1.
    return `printf '%s' ${quote(fed instanceof Secret ? fed.reveal() : fed)} | {\n${body}\n}`;
  }

  toString(): string {
    throw new TypeError("an Sh was about to be printed; call render() where it is sent");
  }
}

function renderPart(part: string | Sh | Value<unknown>, onReveal: (secret: Secret) => void): string {
  if (typeof part === "string") return part;
  if (part instanceof Sh) return part.render(onReveal);
  return words(part.get());
}

function words(hole: unknown): string {
  if (typeof hole === "string") return quote(hole);
  if (typeof hole === "number" && Number.isFinite(hole)) return String(hole);
  if (Array.isArray(hole)) return hole.map(words).join(" ");
  if (hole instanceof Secret) {
    throw new TypeError("a Secret cannot stand in a shell command, where the host's process list would show it; feed it with sh`…`.stdin(secret)");
  }
  throw new TypeError(`sh\`…\` takes strings, numbers, arrays of them and Sh values, not ${hole === null ? "null" : typeof hole}`);
}

/**
 * A shell command with every hole quoted for POSIX sh.
 * @example sh`chown ${owner}:${group} ${path}`
 */
export function sh(strings: TemplateStringsArray, ...holes: readonly ShHole[]): Sh {
  const parts: (string | Sh | Value<unknown>)[] = [];
  strings.forEach((text, i) => {
    if (text !== "") parts.push(text);
    if (i >= holes.length) return;
    const hole = holes[i] as ShHole;
    parts.push(hole instanceof Sh || hole instanceof Value ? hole : words(hole));
  });
  return new Sh(parts);
}
