import type { ModuleCall } from "../keywords.ts";
import { entryOf, itemsOf, plain, textOf, valueOf, type YamlMap } from "../yaml.ts";

/** A loop over package names is one call. */
export function packagesOf(task: YamlMap, module: ModuleCall): ModuleCall | undefined {
  if (!["package", "apt", "yum", "dnf"].includes(module.name)) return undefined;
  const names = entryOf(module.args, "name");
  const loop = task.entries.find(({ name }) => name === "loop" || name === "with_items" || name === "with_list");
  if (loop === undefined || names === undefined || !/^\{\{\s*item\s*\}\}$/.test(textOf(names.value) ?? "") || JSON.stringify(plain(module.args)).split("item").length !== 2) return undefined;
  if (itemsOf(valueOf(task, "when")).some((item) => /\bitem\b/.test(textOf(item) ?? ""))) return undefined;
  return { ...module, args: { ...module.args, entries: module.args.entries.map((entry) => (entry.name === "name" ? { ...entry, value: loop.value } : entry)) } };
}
