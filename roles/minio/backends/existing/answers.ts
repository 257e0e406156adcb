import { PlanError, z, type Observed } from "hawser";
import { partsOf, type Parts } from "../parts.ts";

/** mc prints one JSON value after the other, each over several lines or on one. */
export function answersIn(out: string): readonly unknown[] {
  const answers: unknown[] = [];
  let text = "";
  for (const line of out.split("\n")) {
    text += line;
    try {
      answers.push(JSON.parse(text));
      text = "";
    } catch {
      // It goes on in the next line.
    }
  }
  return answers;
}

const failure = z.object({ status: z.literal("error"), error: z.object({ message: z.string().optional(), cause: z.object({ message: z.string().optional(), error: z.object({ Code: z.string().optional() }).optional() }).optional() }) });

/** Why mc failed, in its words: `code` is the server's, where that answered. Undefined when it did not fail. */
export function failureIn(out: string): { readonly code: string; readonly message: string } | undefined {
  for (const answer of answersIn(out)) {
    const { data } = failure.safeParse(answer);
    if (data) return { code: data.error.cause?.error?.Code ?? "", message: [data.error.message, data.error.cause?.message].filter((part) => part !== undefined).join(" ") };
  }
  return undefined;
}

/** The parts of a look by mc. @throws PlanError where there is no mc */
export function answersOf(seen: Observed): Parts {
  if (seen.code !== 0) throw new PlanError(`mc cannot be asked: ${seen.err.trim()}`, "is the artifact the program mc for this host's architecture?");
  return partsOf(seen);
}
