import { cron } from "../../src/resources/cron.ts";
import { Secret } from "../../src/shell/index.ts";
import { converge, onEveryShell, runCases } from "./harness.ts";

runCases(cron);

onEveryShell("a job is written, changed and removed", (host) => {
  const job = { name: "job", file: `${host.root}/job` };
  converge(cron, { ...job, schedule: "@daily", command: "echo 'it''s' $HOME" }, host);
  converge(cron, { ...job, schedule: { hour: 3 }, command: new Secret("curl -u me:pw%") }, host);
  converge(cron, { ...job, state: "absent" }, host);
});
