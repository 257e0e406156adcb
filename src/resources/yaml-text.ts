import { stringify } from "yaml";

/**
 * A plain value as YAML 1.2 in block style, for the configuration files of programs that read it.
 * @param heading Lines that go above it as a comment. Default: none.
 * @throws Error for what YAML has no words for, such as functions
 * @example t.file("/etc/app.yaml", { content: yamlText({ port: 80 }, "Managed by hawser") })
 */
export function yamlText(value: unknown, heading = ""): string {
  // Lines are never folded, and no value stands as an alias for another one.
  const body = stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
  return heading === "" ? body : `${heading.split("\n").map((line) => `# ${line}`).join("\n")}\n${body}`;
}
