#!/usr/bin/env node
import { register } from "tsx/esm/api";

// One loader for hawser and for the playbooks that it imports, so that both share one copy of every module.
register();
const { main } = await import("../src/cli/main.ts");
process.exitCode = await main(process.argv.slice(2));
