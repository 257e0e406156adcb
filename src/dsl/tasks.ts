import { readFileSync } from "node:fs";
import path from "node:path";
import type { z } from "zod";
import { UsageError } from "../errors/index.ts";
import { block } from "../resources/block.ts";
import type { Kind } from "../resources/contract.ts";
import { directory } from "../resources/directory.ts";
import { file } from "../resources/file.ts";
import { iniKey } from "../resources/ini-key.ts";
import { jsonKey } from "../resources/json-key.ts";
import { line } from "../resources/line.ts";
import { packageKind } from "../resources/package.ts";
import { service } from "../resources/service.ts";
import { symlink } from "../resources/symlink.ts";
import { sysctl } from "../resources/sysctl.ts";
import { yamlKey } from "../resources/yaml-key.ts";
import type { Late } from "../shell/index.ts";
import { Declarations } from "./declarations.ts";
import type { ResourceNode } from "./items.ts";
import { splitOptions, type CommonOptions } from "./options.ts";
import { renderTemplate } from "./template.ts";
import { valuesIn } from "./values.ts";

/** A kind's arguments without those that a verb takes by position, and the options common to all. */
type Options<K extends { readonly args: z.ZodType }, Positional extends string = never> = Omit<z.input<K["args"]>, Positional> & CommonOptions;

/** What a role declares with, as `t`: one verb per kind of resource. What stands first names the thing on the host. */
export class Tasks extends Declarations {
  /** A file. `source` names a file in the role's folder `files` whose bytes it gets. */
  file(to: string, options: Options<typeof file, "path"> & { readonly source?: string }): ResourceNode {
    const { source, ...rest } = options;
    return this.#verb(file, { path: to, ...(source !== undefined && { content: this.#roleFile("files", source).bytes }) }, rest);
  }

  /** A file rendered by ejs from `templates/<template>` of the role, in which `vars` are the values given here. */
  template(to: string, template: string, vars: Readonly<Record<string, unknown>>, options: Options<typeof file, "path" | "content" | "state"> = {}): ResourceNode {
    const { full, bytes } = this.#roleFile("templates", template);
    return this.#verb(file, { path: to, content: () => renderTemplate(full, bytes.toString(), vars) }, options, { values: valuesIn(vars) });
  }

  directory(to: string, options: Options<typeof directory, "path"> = {}): ResourceNode {
    return this.#verb(directory, { path: to }, options);
  }

  symlink(from: string, target: string, options: Options<typeof symlink, "path" | "target"> = {}): ResourceNode {
    return this.#verb(symlink, { path: from, target }, options);
  }

  /** One line of a file that something else owns. */
  line(file: string, options: Options<typeof line, "path">): ResourceNode {
    return this.#verb(line, { path: file }, options);
  }

  /** Lines between two markers in a file that something else owns. */
  lines(file: string, name: string, options: Options<typeof block, "path" | "name">): ResourceNode {
    return this.#verb(block, { path: file, name }, options);
  }

  iniKey(file: string, options: Options<typeof iniKey, "path">): ResourceNode {
    return this.#verb(iniKey, { path: file }, options);
  }

  jsonKey(file: string, options: Options<typeof jsonKey, "path">): ResourceNode {
    return this.#verb(jsonKey, { path: file }, options);
  }

  yamlKey(file: string, options: Options<typeof yamlKey, "path">): ResourceNode {
    return this.#verb(yamlKey, { path: file }, options);
  }

  /** Packages: one resource each, installed by one command where they stand together. */
  package(names: string | readonly string[], options: Options<typeof packageKind, "name"> = {}): readonly ResourceNode[] {
    return [names].flat().map((name) => this.#verb(packageKind, { name }, options));
  }

  /** Without options: running, and enabled at boot. */
  service(name: string, options: Options<typeof service, "name"> = { state: "running", enabled: true }): ResourceNode {
    return this.#verb(service, { name }, options);
  }

  /** A kernel setting, live and after the next boot. */
  sysctl(key: string, value: Late<string | number>, options: Options<typeof sysctl, "key" | "value"> = {}): ResourceNode {
    return this.#verb(sysctl, { key, value }, options);
  }

  #verb(kind: { readonly args: z.ZodType }, positional: Record<string, unknown>, options: object, extra: Partial<ResourceNode> = {}): ResourceNode {
    const { common, own } = splitOptions(options);
    return this.declare(kind as Kind<z.ZodType>, { ...own, ...positional }, common, extra);
  }

  #roleFile(folder: string, name: string): { readonly full: string; readonly bytes: Buffer } {
    const full = path.join(this.scope.folder, folder, name);
    try {
      return { full, bytes: readFileSync(full) };
    } catch (error) {
      throw new UsageError(`the role ${this.scope.role} has no ${folder}/${name}`, { cause: error, hint: `it is looked for at ${full}` });
    }
  }
}
