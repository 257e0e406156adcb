import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { importAnsible, type Imported } from "../../src/import/index.ts";

/** Imports a directory made of these files. */
export function importFiles(files: Readonly<Record<string, string>>): Imported {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-import-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    return importAnsible(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface RoleCase {
  /** tasks/main.yml of a role. */
  readonly tasks: string;
  readonly handlers?: string;
  readonly defaults?: string;
  readonly vars?: string;
  readonly inventory?: object;
  readonly files?: Readonly<Record<string, string>>;
}

/** Imports one role, `app`, in one play. */
export const importRole = ({ tasks, handlers, defaults, vars, inventory = {}, files = {} }: RoleCase): Imported =>
  importFiles({
    "site.yml": "- hosts: all\n  become: true\n  roles: [app]\n",
    "inventory/hosts.yml": stringify({ all: { hosts: { h1: null }, vars: inventory } }),
    "roles/app/tasks/main.yml": tasks,
    ...(handlers !== undefined && { "roles/app/handlers/main.yml": handlers }),
    ...(defaults !== undefined && { "roles/app/defaults/main.yml": defaults }),
    ...(vars !== undefined && { "roles/app/vars/main.yml": vars }),
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`roles/app/${name}`, text])),
  });

/** What the role's function declares. */
export function bodyOf(imported: Imported, role = "app"): string {
  const lines = (imported.texts.get(`roles/${role}/role.ts`) ?? "").split("\n");
  const from = lines.findIndex((line) => line.startsWith("  tasks("));
  const body = lines.slice(from + 1, lines.lastIndexOf("  },"));
  return `${body.map((line) => line.replace(/^ {4}/, "")).join("\n")}\n`;
}
