import path from "node:path";
import type { z } from "zod";
import { UsageError } from "../errors/index.ts";
import { archive } from "../resources/archive.ts";
import type { LocalFile } from "../resources/args.ts";
import { block } from "../resources/block.ts";
import type { Kind } from "../resources/contract.ts";
import { directory } from "../resources/directory.ts";
import { download } from "../resources/download.ts";
import { file } from "../resources/file.ts";
import { hostsEntry } from "../resources/hosts-entry.ts";
import { iniKey } from "../resources/ini-key.ts";
import { jsonKey } from "../resources/json-key.ts";
import { line } from "../resources/line.ts";
import { symlink } from "../resources/symlink.ts";
import { yamlKey } from "../resources/yaml-key.ts";
import { Elsewhere } from "./elsewhere.ts";
import type { ResourceNode } from "./items.ts";
import { splitOptions, type CommonOptions } from "./options.ts";
import { readLocalFile } from "./local-file.ts";
import { callSite } from "./source.ts";
import { renderTemplate } from "./template.ts";
import { valuesIn } from "./values.ts";

/** A kind's arguments without those that a verb takes by position, and the options common to all. */
export type Options<K extends { readonly args: z.ZodType }, Positional extends string = never> = Omit<z.input<K["args"]>, Positional> & CommonOptions;

/** The verbs for files and what is in them. What stands first names the thing on the host. */
export class FileVerbs extends Elsewhere {
  /** A file. `source` names a file in the role's folder `files` whose bytes it gets. */
  file(to: string, options: Options<typeof file, "path"> & { readonly source?: string }): ResourceNode {
    const { source, ...rest } = options;
    return this.verb(file, { path: to, ...(source !== undefined && { content: this.#roleFile("files", source).content }) }, rest);
  }

  /** A file rendered by ejs from `templates/<template>` of the role, in which `vars` are the values given here. */
  template(to: string, template: string, vars: Readonly<Record<string, unknown>>, options: Options<typeof file, "path" | "content" | "state"> = {}): ResourceNode {
    const { full, content } = this.#roleFile("templates", template);
    if (!Buffer.isBuffer(content)) throw new UsageError(`the template ${full} has ${content.size} bytes, too many`, { source: callSite(), hint: "a template is text" });
    return this.verb(file, { path: to, content: () => renderTemplate(full, content.toString(), vars) }, options, { values: valuesIn(vars), template: { file: full, vars } });
  }

  directory(to: string, options: Options<typeof directory, "path"> = {}): ResourceNode {
    return this.verb(directory, { path: to }, options);
  }

  symlink(from: string, target: string, options: Options<typeof symlink, "path" | "target"> = {}): ResourceNode {
    return this.verb(symlink, { path: from, target }, options);
  }

  /** One line of a file that something else owns. */
  line(file: string, options: Options<typeof line, "path">): ResourceNode {
    return this.verb(line, { path: file }, options);
  }

  /** Lines between two markers in a file that something else owns. */
  lines(file: string, name: string, options: Options<typeof block, "path" | "name">): ResourceNode {
    return this.verb(block, { path: file, name }, options);
  }

  iniKey(file: string, options: Options<typeof iniKey, "path">): ResourceNode {
    return this.verb(iniKey, { path: file }, options);
  }

  jsonKey(file: string, options: Options<typeof jsonKey, "path">): ResourceNode {
    return this.verb(jsonKey, { path: file }, options);
  }

  yamlKey(file: string, options: Options<typeof yamlKey, "path">): ResourceNode {
    return this.verb(yamlKey, { path: file }, options);
  }

  /** Names of an address in /etc/hosts. */
  hostsEntry(address: string, names: readonly string[], options: Options<typeof hostsEntry, "address" | "names"> = {}): ResourceNode {
    return this.verb(hostsEntry, { address, names }, options);
  }

  /** A file from the web, known by its sha256. */
  download(to: string, options: Options<typeof download, "path">): ResourceNode {
    return this.verb(download, { path: to }, options);
  }

  /** The contents of an archive in a folder. */
  archive(into: string, options: Options<typeof archive, "into">): ResourceNode {
    return this.verb(archive, { into }, options);
  }

  /** Declares what a verb of a kind was given. */
  protected verb(kind: { readonly args: z.ZodType }, positional: Record<string, unknown>, options: object, extra: Partial<ResourceNode> = {}): ResourceNode {
    const { common, own } = splitOptions(options);
    return this.declare(kind as Kind<z.ZodType>, { ...own, ...positional }, common, extra);
  }

  #roleFile(folder: string, name: string): { readonly full: string; readonly content: Buffer | LocalFile } {
    const full = path.join(this.scope.folder, folder, name);
    try {
      return { full, content: readLocalFile(full) };
    } catch (error) {
      throw new UsageError(`the role ${this.scope.role} has no ${folder}/${name}`, { cause: error, source: callSite(), hint: `it is looked for at ${full}` });
    }
  }
}
