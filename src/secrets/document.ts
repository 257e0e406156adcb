import { UsageError } from "../errors/index.ts";
import { trimNewline } from "../inventory/secrets.ts";
import { ageValue, isSealed, tagOf, type Crypt, type Format, type Opened } from "./crypt.ts";
import { applyEdits, sourceFor, taggedValues, type Edit, type Tagged } from "./tagged.ts";

/** The tags of encrypted values. */
const TAGS = ["!age", "!vault"] as const;

/** An encrypted value of a YAML text. */
interface Value extends Opened {
  readonly at: Tagged;
}

/** Turns the texts of files from one form into the other. Errors say where in the file. */
export class Documents {
  readonly #crypt: Crypt;

  constructor(crypt: Crypt) {
    this.#crypt = crypt;
  }

  /** How many encrypted things a text holds: itself, or its values. @throws UsageError when it is not YAML */
  count(text: string, file: string): number {
    return isSealed(text) ? 1 : taggedValues(text, TAGS, file).filter(({ value }) => isSealed(value)).length;
  }

  /** The text with everything in it decrypted; a value becomes a `!secret`. */
  async decrypt(text: string, file: string): Promise<string> {
    if (isSealed(text)) return (await this.#open(text, file, 1)).text;
    return applyEdits(text, (await this.#values(text, file)).flatMap(({ at, text: plain }) => [tagEdit(at, "!secret"), { start: at.start, end: at.end, text: sourceFor(text, at, plain, { exact: true }) }]));
  }

  /** The text with every `!secret` value encrypted. */
  async encryptValues(text: string, file: string, format: Format): Promise<string> {
    const edits: Edit[] = [];
    for (const at of taggedValues(text, ["!secret"], file)) edits.push(tagEdit(at, tagOf(format)), await this.#sealed(text, at, at.value, format, file));
    return applyEdits(text, edits);
  }

  /**
   * Encrypts everything in a text anew.
   * @param to The format for what is encrypted as `from`; by default the format that it has.
   */
  async rekey(text: string, file: string, to: (from: Format) => Format): Promise<string> {
    if (isSealed(text)) {
      const opened = await this.#open(text, file, 1);
      return await this.#crypt.seal(opened.text, to(opened.format));
    }
    const edits: Edit[] = [];
    for (const { at, text: plain, format } of await this.#values(text, file)) {
      const fresh = to(format);
      edits.push(tagEdit(at, tagOf(fresh)), await this.#sealed(text, at, plain, fresh, file));
    }
    return applyEdits(text, edits);
  }

  /**
   * The text as a person edits it: a whole file decrypted, or values in plain text behind their tags.
   * @returns with how to encrypt what was edited: undefined when nothing was changed. A value that stayed keeps its encrypted
   * form, byte for byte, so that a diff shows what was changed and nothing else.
   */
  async open(text: string, file: string, fallback: Format): Promise<{ readonly text: string; readonly close: (edited: string) => Promise<string | undefined> }> {
    if (isSealed(text)) {
      const { text: plain, format } = await this.#open(text, file, 1);
      return { text: plain, close: async (edited) => (edited === plain ? undefined : await this.#crypt.seal(edited, format)) };
    }
    const before = await this.#values(text, file);
    const shown = applyEdits(text, before.map(({ at, text: plain }) => ({ start: at.start, end: at.end, text: sourceFor(text, at, plain, { exact: true }) })));
    return { text: shown, close: async (edited) => (edited === shown ? undefined : await this.#close(text, before, shown, edited, file, fallback)) };
  }

  async #close(text: string, before: readonly Value[], shown: string, edited: string, file: string, fallback: Format): Promise<string> {
    const shownAt = taggedValues(shown, TAGS, file).filter(({ value }) => !isSealed(value));
    const known = before.map((value, i) => ({ ...value, shown: slice(shown, shownAt[i]), used: false }));
    const now = taggedValues(edited, TAGS, file);
    const edits: Edit[] = [];
    for (const [i, at] of now.entries()) {
      if (isSealed(at.value)) continue;
      const same = known.filter((value) => !value.used && value.at.tag === at.tag);
      const untouched = same.find((value) => value.shown === slice(edited, at)) ?? same.find((value) => value.text === at.value);
      if (untouched) {
        untouched.used = true;
        const source = untouched.shown === slice(edited, at) ? slice(text, untouched.at) : sourceFor(edited, at, untouched.at.value, { exact: false });
        edits.push({ start: at.start, end: at.end, text: source });
      } else {
        const format = (known[i]?.at.tag === at.tag ? known[i] : known.find((value) => value.at.tag === at.tag))?.format ?? (at.tag === tagOf(fallback) ? fallback : { kind: at.tag === "!age" ? "age" : "vault" });
        edits.push(await this.#sealed(edited, at, at.value, format, file));
      }
    }
    return applyEdits(edited, edits);
  }

  async #values(text: string, file: string): Promise<Value[]> {
    const found: Value[] = [];
    for (const at of taggedValues(text, TAGS, file)) {
      if (!isSealed(at.value)) throw new UsageError(`what stands behind ${at.tag} is not encrypted`, { source: { file, line: at.line, column: 1 }, hint: `write it in with: hawser secrets edit ${file}` });
      const opened = await this.#open(at.value, file, at.line);
      found.push({ ...opened, text: at.tag === "!age" ? trimNewline(opened.text) : opened.text, at });
    }
    return found;
  }

  async #sealed(text: string, at: Tagged, plain: string, format: Format, file: string): Promise<Edit> {
    if (plain === "") throw new UsageError(`${at.tag} needs a text behind it`, { source: { file, line: at.line, column: 1 } });
    const sealed = await placed(this.#crypt.seal(format.kind === "age" ? ageValue(plain) : plain, format), file, at.line);
    return { start: at.start, end: at.end, text: sourceFor(text, at, sealed, { exact: false }) };
  }

  async #open(text: string, file: string, line: number): Promise<Opened> {
    return await placed(this.#crypt.open(text), file, line);
  }
}

/** Gives an error the place that it came from. */
async function placed<T>(work: Promise<T>, file: string, line: number): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof UsageError && error.source !== undefined) throw error;
    const hint = error instanceof UsageError ? error.hint : undefined;
    throw new UsageError(error instanceof Error ? error.message : "it cannot be done", { cause: error, source: { file, line, column: 1 }, ...(hint !== undefined && { hint }) });
  }
}

const slice = (text: string, at: Tagged | undefined): string => (at === undefined ? "" : text.slice(at.start, at.end));

const tagEdit = (at: Tagged, tag: string): Edit => ({ start: at.tagAt, end: at.tagAt + at.tag.length, text: tag });
