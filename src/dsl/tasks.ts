import { readFileSync } from "node:fs";
import path from "node:path";
import { UsageError } from "../errors/index.ts";
import { Declarations } from "./declarations.ts";

/** What a role declares with, as `t`: one verb per kind of resource. */
export class Tasks extends Declarations {
  /** Text of a file in the role's folder. @throws UsageError when it is not there. */
  protected readRoleFile(folder: string, name: string): { file: string; text: string } {
    const file = path.join(this.scope.folder, folder, name);
    try {
      return { file, text: readFileSync(file, "utf8") };
    } catch (error) {
      throw new UsageError(`the role ${this.scope.role} has no ${folder}/${name}`, { cause: error, hint: `it is looked for at ${file}` });
    }
  }
}
