import { writeFileSync } from "node:fs";
import { iniKey } from "../../src/resources/ini-key.ts";
import { converge, onEveryShell, runCases } from "./harness.ts";

runCases(iniKey);

onEveryShell("keys are set, changed and removed", (host) => {
  const path = `${host.root}/unit.service`;
  writeFileSync(path, "[Unit]\nDescription=x\n");
  for (const value of ["simple", "a 'b' $c %d", 5, false, ""]) converge(iniKey, { path, section: "Service", key: "Type", value, separator: "=" }, host);
  converge(iniKey, { path, section: "Service", key: "Type", state: "absent" }, host);
});
