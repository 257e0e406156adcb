import { readFileSync } from "node:fs";
import path from "node:path";

const INCLUDE = /^<!-- include (\S+?)(?:#(\S+))? -->\n```(\w*)\n[\s\S]*?^```$/gm;

/**
 * Fills the code blocks that stand below `<!-- include PATH -->` or `<!-- include PATH#NAME -->` with the file, or with what
 * stands in it between `// #region NAME` and `// #endregion`.
 * @throws Error naming a file or region that is not there.
 */
export function fillIncludes(root: string, text: string): string {
  return text.replaceAll(INCLUDE, (_, file: string, region: string | undefined, language: string) => {
    const name = region === undefined ? file : `${file}#${region}`;
    return `<!-- include ${name} -->\n\`\`\`${language}\n${included(root, file, region)}\n\`\`\``;
  });
}

export function included(root: string, file: string, region?: string): string {
  const lines = readFileSync(path.join(root, file), "utf8").trimEnd().split("\n");
  if (region === undefined) return lines.filter((line) => !/^\s*\/\/ #(?:end)?region\b/.test(line)).join("\n");
  const from = lines.findIndex((line) => line.trim() === `// #region ${region}`);
  if (from < 0) throw new Error(`${file} has no region ${region}`);
  const to = lines.findIndex((line, i) => i > from && line.trim() === "// #endregion");
  if (to < 0) throw new Error(`${file}: the region ${region} is not closed`);
  const inside = lines.slice(from + 1, to);
  const indent = Math.min(...inside.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  return inside.map((line) => line.slice(indent)).join("\n");
}
