// The process that keeps connections open between runs; a run starts it.
import { pathToFileURL } from "node:url";
import { compiledProgram } from "../src/loader/compile.mjs";

await import(pathToFileURL(`${await compiledProgram()}/keeper.mjs`).href);
