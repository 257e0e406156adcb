import { Unconvertible } from "../expression/scope.ts";
import { isTemplate, itemsOf, textOf, valueOf, type Yaml, type YamlMap } from "../yaml.ts";

/** What holds for all tasks of a block, an included file or a play. */
export interface Inherited {
  readonly tags: readonly string[];
  readonly user: string | undefined;
  readonly environment: Yaml | undefined;
  readonly when: readonly Yaml[];
  readonly become: boolean | undefined;
}

export const NOTHING: Inherited = { tags: [], user: undefined, environment: undefined, when: [], become: undefined };

/** What the tasks of a block inherit, or what a task has besides its own `become_user`. @throws Unconvertible */
export function inherit(task: YamlMap, outer: Inherited): Inherited {
  const user = textOf(valueOf(task, "become_user"));
  if (user !== undefined && isTemplate(user)) throw new Unconvertible("become_user of a block that is computed", 0);
  const environment = valueOf(task, "environment") ?? outer.environment;
  return { tags: [...outer.tags, ...tagsOf(task)], user: user ?? outer.user, environment, when: outer.when, become: flagOf(task, "become") ?? outer.become };
}

export const tagsOf = (task: YamlMap): string[] => itemsOf(valueOf(task, "tags")).flatMap((item) => (textOf(item) ?? "").split(",").map((tag) => tag.trim())).filter((tag) => tag !== "");

/** A word that is yes or no; undefined when it is not there, or computed. */
export function flagOf(task: YamlMap, name: string): boolean | undefined {
  const value = valueOf(task, name);
  if (value?.kind !== "scalar" || value.value === null) return undefined;
  const word = String(value.value).toLowerCase();
  return ["true", "yes", "on", "1"].includes(word) ? true : ["false", "no", "off", "0"].includes(word) ? false : undefined;
}
