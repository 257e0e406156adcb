import { z } from "zod";
import { UsageError, type SourceLine } from "../errors/index.ts";
import { Secret } from "../shell/index.ts";
import { complaints } from "./complaints.ts";

/** What an answer may be. */
export type Answer = string | number | boolean | Secret;

/** A question that is asked before any host is contacted. Its answer is a variable of every host, as `-e` would make it. */
export interface Prompt {
  /** What is asked; choices, the default and a colon follow it. */
  readonly message: string;
  /** Checks and converts the answer: `z.enum(["blue", "green"])`, `z.string().regex(…)`, `z.number()`. Default: any text that is not empty. */
  readonly schema?: z.ZodType<string | number | boolean>;
  /** The answer when only Enter is pressed, and where there is no terminal to ask on. */
  readonly default?: string | number | boolean;
  /** What is typed is not shown, and the answer is a Secret. Default false. */
  readonly secret?: boolean;
}

/** Questions by the name of the variable that each answer becomes. */
export type Prompts = Readonly<Record<string, Prompt>>;

/** How to ask. */
export interface Asker {
  ask(question: string, options: { readonly secret: boolean }): Promise<string>;
  /** Says what is wrong with an answer, before it is asked for again. */
  say(message: string): void;
}

const TEXT = z.string().min(1, "it must not be empty");
const NAME = /^[A-Za-z_][\w-]*$/;

/** @throws UsageError for what could never be answered */
export function checkPrompts(prompts: Prompts, source: SourceLine): void {
  for (const [name, prompt] of Object.entries(prompts)) {
    if (!NAME.test(name) || name === "ssh" || name === "become") throw new UsageError(`a prompt cannot be called "${name}"`, { source, hint: "its answer is a variable: letters, digits, _ and -" });
    if (prompt.message.trim() === "") throw new UsageError(`the prompt ${name} has no message`, { source });
    if (prompt.default === undefined) continue;
    if (prompt.secret) throw new UsageError(`the prompt ${name} is secret and has a default, which everybody can read in the playbook`, { source });
    const read = readAnswer(prompt, prompt.default);
    if ("wrong" in read) throw new UsageError(`the default of the prompt ${name} does not fit its schema: ${read.wrong}`, { source });
  }
}

/**
 * The answers to a playbook's prompts: what was given, else what is typed, else the default.
 * @param given Extra variables by name.
 * @param asker Without one nothing is asked.
 * @throws UsageError for a given value that does not fit, and for a prompt without a value, a default or an asker
 */
export async function answer(prompts: Prompts, given: ReadonlyMap<string, unknown>, asker?: Asker): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  // First everything that needs nobody, so that a wrong -e is said before the first question.
  for (const [name, prompt] of Object.entries(prompts)) {
    if (!given.has(name)) continue;
    const read = readAnswer(prompt, given.get(name));
    if ("wrong" in read) throw new UsageError(`the value of ${name} from -e does not fit: ${read.wrong}`, { hint: `it answers: ${questionOf(prompt)}` });
    answers.set(name, read.value);
  }
  for (const [name, prompt] of Object.entries(prompts)) {
    if (answers.has(name)) continue;
    if (asker) answers.set(name, await asked(prompt, asker));
    else if (prompt.default !== undefined) answers.set(name, valueOf(prompt, prompt.default));
    else throw new UsageError(`there is no terminal to ask on: ${questionOf(prompt)}`, { hint: prompt.secret ? `give it as -e '${name}=!env NAME', or in a file with -e @file.yml` : `give it as -e ${name}=…` });
  }
  return new Map(Object.keys(prompts).map((name) => [name, answers.get(name) as Answer]));
}

async function asked(prompt: Prompt, asker: Asker): Promise<Answer> {
  for (;;) {
    const typed = await asker.ask(`${questionOf(prompt)}: `, { secret: prompt.secret ?? false });
    const read = readAnswer(prompt, typed === "" && prompt.default !== undefined ? prompt.default : typed);
    if ("value" in read) return read.value;
    asker.say(read.wrong);
  }
}

function questionOf({ message, schema, default: byDefault }: Prompt): string {
  const choices = schema instanceof z.ZodEnum ? ` (${schema.options.join(", ")})` : "";
  return `${message}${choices}${byDefault === undefined ? "" : ` [${String(byDefault)}]`}`;
}

type Read = { readonly value: Answer } | { readonly wrong: string };

/** A typed answer is a text, and one of `-e` is what YAML made of it; a schema gets what it can use. */
function readAnswer(prompt: Prompt, raw: unknown): Read {
  const { schema = TEXT, secret = false } = prompt;
  const plain = raw instanceof Secret ? raw.reveal() : raw;
  const forms = [plain, ...(typeof plain === "string" ? numberIn(plain) : typeof plain === "number" || typeof plain === "boolean" ? [String(plain)] : [])];
  const wrong: z.ZodError[] = [];
  for (const form of forms) {
    const parsed = schema.safeParse(form);
    if (parsed.success) return { value: secret || raw instanceof Secret ? new Secret(String(parsed.data)) : parsed.data };
    wrong.push(parsed.error);
  }
  // The form of the right type has the better complaint: too big, rather than not a number.
  const error = wrong.find(({ issues }) => issues[0]?.code !== "invalid_type") ?? wrong[0];
  return { wrong: (error && complaints(error, schema, plain)[0]?.message) ?? "it is not accepted" };
}

const numberIn = (text: string): number[] => (text.trim() !== "" && Number.isFinite(Number(text)) ? [Number(text)] : []);

function valueOf(prompt: Prompt, value: string | number | boolean): Answer {
  const read = readAnswer(prompt, value);
  return "value" in read ? read.value : value;
}
