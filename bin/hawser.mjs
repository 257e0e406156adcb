#!/usr/bin/env node
import { pathToFileURL } from "node:url";
import { compiledPlaybook, compiledProgram, playbookSources } from "../src/loader/compile.mjs";

const program = await compiledProgram();
const { main } = await import(pathToFileURL(`${program}/main.mjs`).href);
// Only now, so that just the playbook's own code costs the mapping of its lines; whoever completes a word sees no lines.
if (process.argv[2] !== "__complete") process.setSourceMapsEnabled(true);
const importFile = async (/** @type {string} */ file) => await import(pathToFileURL(await compiledPlaybook(file, program)).href);
const sources = async (/** @type {string} */ file) => playbookSources(file, program);
process.exitCode = await main(process.argv.slice(2), Object.assign(importFile, { sources }));
