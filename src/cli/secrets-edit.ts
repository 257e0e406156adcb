import { existsSync } from "node:fs";
import { parseDocument } from "yaml";
import { UsageError } from "../errors/index.ts";
import { formatError } from "../report/index.ts";
import { isSealed } from "../secrets/crypt.ts";
import { edit } from "../secrets/editor.ts";
import { readText } from "../secrets/encrypted-files.ts";
import { replaceFile } from "../secrets/replace-file.ts";
import { ask, canAsk } from "./ask.ts";
import type { SecretsContext } from "./secrets-context.ts";

const YAML = /\.(?:ya?ml|json)$/;

/** `hawser secrets edit`. @returns what became of it @throws UsageError; then the file is as it was */
export async function editFile(file: string, { crypt, documents, format, encryptedFor }: SecretsContext): Promise<string> {
  const before = existsSync(file) ? await readText(file) : undefined;
  // Somebody or no password to encrypt for: said before anything was typed.
  if (before === undefined) await crypt.seal("", format);
  if (before !== undefined && !isSealed(before) && !YAML.test(file)) throw new UsageError(`${file} is neither encrypted nor YAML`, { hint: `to encrypt it as a whole: hawser secrets encrypt ${file}` });
  const opened = before === undefined ? { text: "", close: async (edited: string) => (edited === "" ? undefined : await crypt.seal(edited, format)) } : await documents.open(before, file, format);
  let after: string | undefined;
  await edit(opened.text, {
    name: file,
    warn: (message) => void process.stderr.write(`warning: ${message}\n`),
    check: async (edited) => {
      if (YAML.test(file)) checkYaml(edited, file);
      after = await opened.close(edited);
    },
    again: async (error) => {
      if (!canAsk()) return false;
      process.stderr.write(formatError(error, { color: false }));
      await ask("press Enter to edit it again, Ctrl-C to give it up ");
      return true;
    },
  });
  if (after === undefined) return `${file} was not changed`;
  if (before !== undefined && (await readText(file)) !== before) throw new UsageError(`${file} was changed by somebody else meanwhile: what you edited was not written`);
  await replaceFile(file, after);
  return `encrypted ${file}${encryptedFor() === undefined ? "" : ` for ${encryptedFor()}`}`;
}

/** An editor's slip in a file of variables would show only in the next run. No piece of it is quoted. */
function checkYaml(text: string, file: string): void {
  const [wrong] = parseDocument(text, { prettyErrors: true, logLevel: "error", uniqueKeys: false }).errors;
  const [at] = wrong?.linePos ?? [];
  if (wrong) throw new UsageError(`not valid YAML: ${wrong.code.toLowerCase().replaceAll("_", " ")}`, { ...(at && { source: { file, line: at.line, column: at.col } }) });
}
