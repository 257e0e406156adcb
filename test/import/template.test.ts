import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { renderTemplate } from "../../src/dsl/template.ts";
import * as ansible from "../../src/ansible/index.ts";
import { code } from "../../src/import/expression/code.ts";
import type { Scope } from "../../src/import/expression/scope.ts";
import { typeOf } from "../../src/import/expression/types.ts";
import { JinjaError } from "../../src/jinja/ast.ts";
import { convertTemplate } from "../../src/import/template.ts";
import { ansiblePython } from "./oracle.ts";

interface Case {
  readonly name: string;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Vars that may be missing, and are. */
  readonly optional?: readonly string[];
  readonly jinja: string;
  readonly ejs?: string;
  readonly out?: string;
  readonly gaps?: number;
  readonly notInJinja?: boolean;
  readonly error?: string;
}

const cases = parse(readFileSync(path.join(import.meta.dirname, "template.cases.yaml"), "utf8")) as readonly Case[];

const scopeOf = ({ vars, optional = [] }: Case): Scope => ({
  template: true,
  helper: (name) => `vars.ansible.${name}`,
  given: (name) => `vars.${name}`,
  lookup: (name) => (name in vars ? code(`vars.${name}`, typeOf(vars[name])) : optional.includes(name) ? { ...code(`vars.${name}`, { kind: "any" }), maybe: true } : undefined),
});

const convert = (one: Case): ReturnType<typeof convertTemplate> => convertTemplate(one.jinja, scopeOf(one), (at) => `t.j2:${one.jinja.slice(0, at).split("\n").length}`);

for (const one of cases) {
  void test(`template: ${one.name}`, () => {
    if (one.error !== undefined) {
      assert.throws(() => convert(one), (error) => error instanceof JinjaError && `${error.message} at ${error.at}` === one.error);
      return;
    }
    const { text, gaps } = convert(one);
    if (one.ejs !== undefined) assert.equal(text, one.ejs);
    assert.equal(gaps.length, one.gaps ?? 0, JSON.stringify(gaps));
    assert.equal(renderTemplate(`/t/${one.name}.ejs`, text, { ...one.vars, ansible }).text, one.out, text);
  });
}

void test("templates: Ansible prints the same", { skip: ansiblePython() === undefined && "ansible-core is not installed" }, () => {
  const asked = cases.filter((one) => one.out !== undefined && one.notInJinja !== true);
  const said = spawnSync(ansiblePython() ?? "", [path.join(import.meta.dirname, "jinja-oracle.py")], { input: JSON.stringify(asked), encoding: "utf8" });
  assert.equal(said.status, 0, said.stderr);
  const answers = JSON.parse(said.stdout) as unknown[];
  for (const [i, one] of asked.entries()) assert.equal(String(answers[i]), one.out, one.name);
});
