import { namesIn } from "../inventory/index.ts";

/** Whether hawser's inventory fills in a text's templates by itself. What Ansible has found out about a host is no variable there. */
export function isFilledIn(text: string): boolean {
  return namesIn(text)?.every((name) => !name.startsWith("ansible_")) ?? false;
}
