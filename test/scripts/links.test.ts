import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Link {
  readonly line: number;
  readonly target: string;
}

/** The text with its fenced blocks, comments and code spans blanked, line for line: links in them are text. */
function prose(text: string): string {
  const blank = (found: string): string => found.replaceAll(/[^\n]/g, " ");
  return text
    .replaceAll(/^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2 *$/gm, blank)
    .replaceAll(/<!--[\s\S]*?-->/g, blank)
    .replaceAll(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, blank);
}

/** Links and images, also over a line's end, and definitions of references, without those to other sites. */
function linksOf(text: string): Link[] {
  const plain = prose(text);
  const found = [...plain.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/gm)];
  return found
    .map((match) => ({ line: plain.slice(0, match.index).split("\n").length, target: match[1] ?? match[2] ?? "" }))
    .filter(({ target }) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/** What a heading is linked by: GitHub's rule, with a number behind a repeated one. */
function anchorsOf(text: string): Set<string> {
  const blocks = text.replaceAll(/^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2 *$/gm, "");
  const anchors = new Set<string>();
  for (const [, heading = ""] of blocks.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replaceAll(" ", "-");
    let free = anchor;
    for (let n = 1; anchors.has(free); n += 1) free = `${anchor}-${n}`;
    anchors.add(free);
  }
  return anchors;
}

/** What is wrong with the links of one page, as `file:line: message`. */
function broken(root: string, page: string): string[] {
  return linksOf(readFileSync(path.join(root, page), "utf8")).flatMap(({ line, target }) => {
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? page : path.join(path.dirname(page), decodeURIComponent(file));
    const say = (message: string): string[] => [`${page}:${line}: ${target}: ${message}`];
    if (to.startsWith("..")) return say("it leads out of the repository");
    if (!existsSync(path.join(root, to))) return say("there is no such file");
    if (anchor === undefined) return [];
    if (statSync(path.join(root, to)).isDirectory() || !to.endsWith(".md")) return say("only a page has anchors");
    return anchorsOf(readFileSync(path.join(root, to), "utf8")).has(anchor) ? [] : say("no heading has that anchor");
  });
}

function pages(folder: string, wanted: (name: string) => boolean): string[] {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    return entry.isDirectory() ? pages(file, wanted) : wanted(entry.name) ? [file] : [];
  });
}

for (const page of ["README.md", ...pages("docs", (name) => name.endsWith(".md")), ...pages("roles", (name) => name === "README.md")]) {
  void test(`the links of ${page} lead somewhere`, () => assert.deepEqual(broken(ROOT, page), []));
}

test("what is a link, and what an anchor", () => {
  const text = "[a](b.md#c) `[no](x.md)` [site](https://example.org)\n```\n[no](y.md)\n```\n[over\nlines](d.md) ![image](e.png)\n[ref]: f.md\n";
  assert.deepEqual(linksOf(text), [
    { line: 1, target: "b.md#c" },
    { line: 6, target: "d.md" },
    { line: 6, target: "e.png" },
    { line: 7, target: "f.md" },
  ]);
  assert.deepEqual([...anchorsOf("# How it is: `ssh` and *more*\n```sh\n# no heading\n```\n## A, b_c\n## A, b_c\n### [Link](x.md)")], ["how-it-is-ssh-and-more", "a-b_c", "a-b_c-1", "link"]);
});
