import type { Argument, Command, Option } from "commander";
import type { ImportFile } from "../load-playbook.ts";
import { hostWords, inventoryWords, playbookWords, roleWords, tagWords, type Surroundings, type Word } from "./words.ts";

/** What may stand at a place: words, and whether any path may stand there, which is offered where no word fits. */
export interface Completion {
  readonly words: readonly Word[];
  readonly files?: boolean;
}

/** What the values of options and arguments are, by their name. */
type Source = (around: Surroundings) => Promise<readonly Word[]> | readonly Word[];
const OPTIONS: ReadonlyMap<string, { readonly words: Source; readonly files?: boolean; readonly parts?: RegExp }> = new Map([
  ["inventory", { words: inventoryWords, files: true }],
  ["playbook", { words: playbookWords, files: true }],
  ["limit", { words: hostWords, parts: /^.*[,:!&]/ }],
  ["role", { words: roleWords, parts: /^.*,/ }],
  ["tags", { words: tagWords, parts: /^.*,/ }],
  ["skipTags", { words: tagWords, parts: /^.*,/ }],
]);
const ARGUMENTS: ReadonlyMap<string, { readonly words: Source; readonly files?: boolean; readonly parts?: RegExp }> = new Map([
  ["playbook", { words: playbookWords, files: true }],
  ["pattern", { words: hostWords, parts: /^.*[,:!&]/ }],
  ["host", { words: hostWords }],
  ["name", { words: hostWords }],
]);

/** Completes the last of the words that stand behind `hawser`. */
export async function complete(program: Command, words: readonly string[], importFile: ImportFile): Promise<string[]> {
  const typed = (words.at(-1) ?? "").replace(/^["']/, "");
  const { words: found, files } = await at(program, words.slice(0, -1), typed, importFile);
  const matching = found.filter(([word]) => word.startsWith(typed));
  return [...matching.map(([word, meaning = ""]) => (meaning === "" ? word : `${word}\t${meaning.split("\n")[0] ?? ""}`)), ...(files && matching.length === 0 ? [":files"] : [])];
}

async function at(program: Command, before: readonly string[], typed: string, importFile: ImportFile): Promise<Completion> {
  let command = program;
  const args: string[] = [];
  const given = new Map<string, string>();
  for (let i = 0; i < before.length; i += 1) {
    const word = before[i] ?? "";
    if (word === "--") return { words: [], files: true };
    const [flag = "", inline] = word.split(/=(.*)/s);
    const option = word.startsWith("-") ? optionOf(command, flag) : undefined;
    if (option && takesValue(option)) {
      const value = inline ?? before[i + 1];
      if (value === undefined) return await valuesOf(option.attributeName(), option, typed, { given, args, importFile });
      given.set(option.attributeName(), value);
      if (inline === undefined) i += 1;
    } else if (!word.startsWith("-")) {
      const next = args.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (next) command = next;
      else args.push(word);
    }
  }
  const around: Surroundings = { given, args, importFile };
  const [, flag, value] = /^(--[\w-]+)=(.*)$/s.exec(typed) ?? [];
  const inline = flag === undefined ? undefined : optionOf(command, flag);
  if (inline && value !== undefined) return prefixed(`${flag}=`, await valuesOf(inline.attributeName(), inline, value, around));
  if (typed.startsWith("-")) return { words: command.options.filter((option) => !option.hidden).map((option) => [typed.startsWith("--") || option.short === undefined ? (option.long ?? option.flags) : typed === option.short ? option.short : (option.long ?? option.short), option.description]) };
  if (command.commands.length > 0 && args.length === 0) return { words: command.commands.map((each) => [each.name(), each.description()]) };
  const argument = command.registeredArguments[args.length] ?? command.registeredArguments.find((each) => each.variadic);
  return argument ? await valuesOf(argument.name(), argument, typed, around, ARGUMENTS) : { words: [] };
}

const optionOf = (command: Command, flag: string): Option | undefined => command.options.find(({ long, short }) => flag === long || flag === short);

const takesValue = (option: Option): boolean => option.required || option.optional;

async function valuesOf(name: string, { argChoices }: Pick<Option | Argument, "argChoices">, typed: string, around: Surroundings, sources = OPTIONS): Promise<Completion> {
  if (argChoices) return { words: argChoices.map((choice) => [choice] as const) };
  const source = sources.get(name);
  if (!source) return { words: [], files: true };
  // Of a list or a pattern only the last part is still open.
  const before = source.parts?.exec(typed)?.[0] ?? "";
  return prefixed(before, { words: await source.words(around), ...(source.files && { files: true }) });
}

const prefixed = (before: string, { words, files }: Completion): Completion => ({ words: words.map(([word, meaning]) => [before + word, meaning ?? ""]), ...(files && { files }) });
