#!/usr/bin/env node
import { pathToFileURL } from "node:url";
import { compiledPlaybook, compiledProgram } from "../src/loader/compile.mjs";

const program = await compiledProgram();
const { main } = await import(pathToFileURL(`${program}/main.mjs`).href);
// Only now, so that just the playbook's own code costs the mapping of its lines; whoever completes a word sees no lines.
if (process.argv[2] !== "__complete") process.setSourceMapsEnabled(true);
process.exitCode = await main(process.argv.slice(2), async (/** @type {string} */ file) => await import(pathToFileURL(await compiledPlaybook(file, program)).href));
