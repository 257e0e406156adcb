import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { LateSecret } from "./late-secret.ts";
import type { LoadContext } from "./load-context.ts";
import { maskLines } from "./mask.ts";
import type { Place } from "./problem.ts";
import { openSecret, SealedSecret } from "./secrets.ts";
import type { Tree } from "./tree.ts";
import { YamlWalk } from "./yaml-walk.ts";

/** A text to parse. */
export interface Source {
  /** As messages name it. */
  readonly file: string;
  readonly text: string;
  /** Where relative paths in it start; default the inventory directory. */
  readonly base?: string;
  /** True when the whole text was encrypted: then every text and number in it is a Secret, and no line of it is quoted. */
  readonly secret?: boolean;
  /** True for what a program prints, where a secret is written as an object of one key: `{"!vault": "…"}`. */
  readonly json?: boolean;
}

/**
 * Parses YAML into a tree that knows its places. Problems go to `load`; undefined when the text could not be parsed.
 *
 * YAML 1.2, with `<<` merges and the tags of secrets.ts. A repeated key or an unknown tag is a problem.
 */
export async function parseYaml(load: LoadContext, source: Source): Promise<Tree | undefined> {
  if (source.secret !== true) load.quoteFrom(source.file, maskLines(source.text));
  const lineCounter = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { file: source.file, line, column: col };
  };
  // Repeated keys are found in the walk, which can name the first place; pretty errors would quote unmasked source.
  const document = parseDocument(source.text, { lineCounter, merge: true, uniqueKeys: false, prettyErrors: false });
  const [first] = document.errors;
  if (first !== undefined) {
    // Only the first: the others are mostly its echo.
    load.problem(placeAt(first.pos[0]), `not valid ${source.json === true ? "JSON" : "YAML"}: ${plainly(first)}`, HINTS[first.code]);
    return undefined;
  }
  const walk = new YamlWalk(load, document, source, placeAt);
  const tree = walk.run();
  for (const { leaf, tag, tagAt, text } of walk.pending) {
    const late = new LateSecret();
    leaf.value = load.sealed ? new SealedSecret() : late;
    if (load.sealed) continue;
    // All at once: what takes long is a program that asks a password store over the network.
    load.meanwhile(
      openSecret(load, tag, text, source.base ?? load.root).then(
        (value) => late.settle(value),
        (error: unknown) => load.problem(placeAt(tagAt), `${tag}: ${error instanceof Error ? error.message : "cannot be read"}`),
      ),
    );
  }
  return tree;
}

/** The parser's message without the piece of source that some messages end with, which may be secret. */
function plainly(error: YAMLError): string {
  const message = error.message.replace(/(?: in YAML stream)?: ".*$/s, "").replace(/; please use .*$/, "");
  return message.charAt(0).toLowerCase() + message.slice(1).replace("'quote", "' quote").replace('"quote', '" quote');
}

const HINTS: Partial<Record<YAMLError["code"], string>> = {
  TAB_AS_INDENT: "indent with spaces",
  MULTIPLE_DOCS: "keep one document in a file: remove the ---",
  BLOCK_AS_IMPLICIT_KEY: 'quote a value that holds ": "',
};
