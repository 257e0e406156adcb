import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CommanderError, type Command } from "commander";
import { builtProgram } from "../../scripts/reference/cli.ts";
import { examplesIn, helpOf, nameOf, verbsOf } from "../../src/cli/examples.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const program = await builtProgram();

/** The words of each call of hawser in a line of shell, without what is only the shell's. */
function callsIn(line: string): string[][] {
  const plain = line.replace(/(?: {3,}|\s#).*$/, "").replaceAll(/^\w+ <\((.*)\)$/g, "$1");
  const calls: string[][] = [[]];
  for (const [word, single, double] of plain.matchAll(/'([^']*)'|"([^"]*)"|\S+/g)) {
    if (word === "|") calls.push([]);
    else calls.at(-1)?.push(single ?? double ?? word);
  }
  return calls
    .map((words) => words.filter((word, at) => !/^(?:>>?|<)/.test(word) && !/^(?:>>?|<)$/.test(words[at - 1] ?? "")))
    .filter((words) => words[0] === "hawser")
    .map((words) => words.slice(1));
}

/** The verb that a command line would call, with nothing done. @throws CommanderError for a line that does not parse */
async function called(words: readonly string[]): Promise<string> {
  const fresh = await builtProgram();
  let name = "";
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    command.commands.forEach(quiet);
  };
  quiet(fresh);
  for (const verb of verbsOf(fresh)) verb.action(() => void (name = nameOf(verb)));
  await fresh.parseAsync(words, { from: "user" });
  return name;
}

describe("--help", () => {
  for (const verb of verbsOf(program)) {
    it(`of ${nameOf(verb)} has an example that parses`, async () => {
      const examples = examplesIn(helpOf(verb));
      assert.ok(examples.length > 0, "it has none");
      const verbs = [];
      for (const line of examples) {
        for (const words of callsIn(line)) {
          const name = await called(words).catch((error: unknown) => assert.fail(`${line}: ${error instanceof CommanderError ? error.message : String(error)}`));
          verbs.push(name);
        }
      }
      assert.ok(verbs.includes(nameOf(verb)), `none is of ${nameOf(verb)}: ${examples.join("\n")}`);
    });
  }

  it("says no option without what it does", () => {
    for (const verb of verbsOf(program)) for (const option of verb.options) assert.notEqual(option.description, "", `${nameOf(verb)} ${option.flags}`);
  });
});

describe("the manual page", () => {
  const text = readFileSync(path.join(ROOT, "man/hawser.1"), "utf8");

  it("names every verb, and has its examples", () => {
    for (const verb of verbsOf(program)) {
      assert.ok(text.includes(`.SS hawser ${nameOf(verb).replaceAll("-", "\\-")}`), nameOf(verb));
    }
    assert.match(text, /^\.SH EXAMPLES$/m);
    assert.ok(text.includes("hawser run playbooks/site.ts \\-\\-check \\-\\-diff\n"));
  });

  it("belongs to the package", () => {
    const { man, files } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { man: string; files: string[] };
    assert.equal(man, "./man/hawser.1");
    assert.ok(files.includes("man"));
  });
});
