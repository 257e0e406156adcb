import type { Fragment } from "./fragment.ts";
import type { Redactor } from "./redactor.ts";

/** Of a longer command the beginning is told: a file's content may be in it. Characters. */
const LONGEST = 2000;

/** A command for whoever looks on. Quoted or encoded, a secret is no longer known by its text, so what holds one is not told at all. */
export function told(ids: readonly string[], { text, user, sensitive }: Fragment, redactor: Redactor): { readonly ids: readonly string[]; readonly user?: string; readonly text: string } {
  const shown = sensitive ? "(not shown: it holds a secret)" : redactor.text(text);
  const rest = shown.length - LONGEST;
  return { ids, ...(user !== undefined && { user }), text: rest > 0 ? `${shown.slice(0, LONGEST)}\n(and ${rest} characters more)` : shown };
}
