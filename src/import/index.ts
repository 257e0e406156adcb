import { type Imported, Project } from "./project.ts";

export type { Imported } from "./project.ts";
export type { Finding } from "./report.ts";
export { refuseTaken, writeProject } from "./write.ts";

/**
 * Converts an Ansible directory: playbooks, roles, inventories. Nothing is written and no host is contacted.
 * @throws UsageError for a directory without playbooks and for YAML that is broken, with its place
 */
export function importAnsible(folder: string): Imported {
  return new Project(folder).convert();
}
