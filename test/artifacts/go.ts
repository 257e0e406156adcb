import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "./run.ts";
import type { GoProgram } from "./table.ts";

/** Builds a program from its module. `go install` refuses modules with replace lines; what is required by another module may have them. */
export async function buildGo({ module, version, sum, main }: GoProgram, folder: string, program: string): Promise<string> {
  const env = { GOFLAGS: "-mod=mod -trimpath", GOWORK: "off", CGO_ENABLED: "0" };
  const found = JSON.parse(await run("go", ["mod", "download", "-json", `${module}@${version}`], { cwd: folder, env })) as { readonly Sum: string; readonly Dir: string };
  if (found.Sum !== sum) throw new Error(`${module} ${version} has the sum ${found.Sum}, not ${sum}`);
  const go = /go(\d+\.\d+)/.exec(await run("go", ["env", "GOVERSION"], { cwd: folder, env }))?.[1] ?? "1.21";
  writeFileSync(path.join(folder, "go.mod"), ["module hawser.invalid/artifacts", `go ${go}`, `require ${module} ${version}`, ""].join("\n"));
  // Its own sums pin what it needs.
  const sums = path.join(found.Dir, "go.sum");
  if (existsSync(sums)) copyFileSync(sums, path.join(folder, "go.sum"));
  const built = path.join(folder, program);
  await run("go", ["build", "-ldflags", "-s -w", "-o", built, main], { cwd: folder, env });
  return built;
}
