import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "./run.ts";
import type { CargoProgram } from "./table.ts";

/** Builds a program from its crate. */
export async function buildCargo({ crate, version, sha256, rust, calls = {}, profile = {} }: CargoProgram, folder: string, program: string): Promise<string> {
  for (const [called, debian] of Object.entries(calls)) await run(called, ["--version"]).catch(() => Promise.reject(new Error(`its build calls ${called}, which is not installed: apt-get install ${debian}`)));
  const found = await sumOf(crate, version, folder);
  if (found !== sha256) throw new Error(`${crate} ${version} has the sha256 ${found}, not ${sha256}`);
  // cargo compares what it downloads with that sum.
  await run("cargo", [...(rust === undefined ? [] : await toolchain(rust)), "install", "--quiet", "--locked", "--root", folder, "--bin", program, "--version", `=${version}`, crate], { cwd: folder, env: Object.fromEntries(Object.entries({ STRIP: "symbols", ...profile }).map(([name, value]) => [`CARGO_PROFILE_RELEASE_${name}`, value])) });
  return path.join(folder, "bin", program);
}

/** What cargo is told to build with that Rust, which is there then. */
async function toolchain(rust: string): Promise<readonly string[]> {
  if ((await run("rustc", ["--version"])).startsWith(`rustc ${rust} `)) return [];
  await run("rustup", ["toolchain", "install", rust, "--profile", "minimal", "--no-self-update"]);
  return [`+${rust}`];
}

/** As the registry's index has it: in the lock file of a package that needs nothing but the crate. */
async function sumOf(crate: string, version: string, folder: string): Promise<string | undefined> {
  const probe = path.join(folder, "probe");
  mkdirSync(path.join(probe, "src"), { recursive: true });
  writeFileSync(path.join(probe, "src", "lib.rs"), "");
  writeFileSync(path.join(probe, "Cargo.toml"), ["[package]", 'name = "probe"', 'version = "0.0.0"', 'edition = "2021"', "[workspace]", "[dependencies]", `${crate} = "=${version}"`, ""].join("\n"));
  await run("cargo", ["generate-lockfile", "--quiet"], { cwd: probe });
  const packages = readFileSync(path.join(probe, "Cargo.lock"), "utf8").split("[[package]]");
  const own = packages.find((text) => text.includes(`name = "${crate}"\nversion = "${version}"`));
  return /^checksum = "([0-9a-f]{64})"$/m.exec(own ?? "")?.[1];
}
