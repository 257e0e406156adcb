import { defineRole, play, playbook, sh, use, z } from "hawser";

const FOLDER = "/srv/resumed";

/** Everything in it leaves a trace: a file that says how often it was done. */
const traced = (n: string) => sh`echo done >>${FOLDER}/count-${n}; sleep 0.1; touch ${FOLDER}/is-${n}`;

const first = defineRole(import.meta, {
  name: "first",
  summary: "Files, tasks that must be done once, and handlers.",
  vars: z.strictObject({}),
  tasks({ t }) {
    t.directory(FOLDER);
    const reload = t.handler("reload", sh`echo reloaded >>${FOLDER}/count-reload`);
    const restart = t.handler("restart", sh`echo restarted >>${FOLDER}/count-restart`);
    t.file(`${FOLDER}/a`, { content: "a\n", notify: reload });
    for (const n of ["1", "2", "3"]) t.task(`once ${n}`, { check: sh`[ -e ${FOLDER}/is-${n} ]`, apply: traced(n), summary: "count" });
    t.file(`${FOLDER}/b`, { content: "b\n", notify: [reload, restart] });
    t.flush();
    t.file(`${FOLDER}/c`, { content: "c\n", notify: restart });
    t.task("in TypeScript", {
      check: sh`[ -e ${FOLDER}/typescript ]`,
      apply: async ({ $ }) => {
        await $`touch ${FOLDER}/typescript`;
      },
    });
    t.task("once 4", { check: sh`[ -e ${FOLDER}/is-4 ]`, apply: traced("4"), notify: reload });
  },
});

const second = defineRole(import.meta, {
  name: "second",
  summary: "What comes in a play of its own.",
  vars: z.strictObject({}),
  tasks({ t }) {
    const after = t.handler("after", sh`echo after >>${FOLDER}/count-after`);
    t.task("once 5", { check: sh`[ -e ${FOLDER}/is-5 ]`, apply: traced("5"), notify: after });
    t.line(`${FOLDER}/a`, { line: "and more" });
  },
});

export default playbook(import.meta, [play({ name: "one", hosts: "all", roles: [use(first, {})] }), play({ name: "two", hosts: "all", serial: 1, roles: [use(second, {})] })]);
