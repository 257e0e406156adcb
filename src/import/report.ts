import type { Place } from "./yaml.ts";

/** A part that needs a hand, or that should be read. */
export interface Finding extends Place {
  /** What it is: a task's name, a variable, a template. */
  readonly what: string;
  readonly why: string;
}

/** What became of an Ansible directory. */
export class Report {
  /** Tasks, handlers included, that became TypeScript. */
  converted = 0;
  readonly #gaps: Finding[] = [];
  readonly #notes: Finding[] = [];

  /** Parts that were not converted: each fails where a run comes to it. */
  get gaps(): readonly Finding[] {
    return [...this.#gaps].sort(byPlace);
  }

  /** Parts that were converted and should be read. */
  get notes(): readonly Finding[] {
    return [...this.#notes].sort(byPlace);
  }

  gap(place: Place, what: string, why: string): void {
    add(this.#gaps, { ...at(place), what, why });
  }

  note(place: Place, what: string, why: string): void {
    add(this.#notes, { ...at(place), what, why });
  }
}

const at = ({ file, line, column }: Place): Place => ({ file, line, column });

function add(list: Finding[], finding: Finding): void {
  if (!list.some((other) => other.file === finding.file && other.line === finding.line && other.why === finding.why)) list.push(finding);
}

const byPlace = (a: Finding, b: Finding): number => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);
