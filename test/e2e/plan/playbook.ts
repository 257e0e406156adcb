import { defineRole, play, playbook, sh, use, z } from "hawser";

const FOLDER = "/srv/planned";

const site = defineRole(import.meta, {
  name: "site",
  summary: "A file, a task and a handler on each host.",
  vars: z.strictObject({ greeting: z.string().default("hello") }),
  tasks({ t, vars }) {
    t.directory(FOLDER);
    const reload = t.handler("reload", sh`echo reloaded >>${FOLDER}/log`);
    t.file(`${FOLDER}/config`, { content: `${vars.greeting}\n`, notify: reload });
    t.file(`${FOLDER}/other`, { content: "other\n" });
    t.task("once", { check: sh`[ -e ${FOLDER}/once ]`, apply: sh`touch ${FOLDER}/once` });
  },
});

export default playbook(import.meta, [play({ name: "site", hosts: "all", roles: [use(site)] })]);
