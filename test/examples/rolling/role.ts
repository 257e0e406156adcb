import { defineRole, lane, sh, z } from "hawser";

/** Made once, for all hosts. */
const oneAtATime = lane("restart", 1);

export const rolling = defineRole(import.meta, {
  name: "rolling",
  summary: "A service that is restarted host by host, and put back when it does not come up.",
  vars: z.strictObject({
    folder: z.string().default("/etc/app").describe("The service's folder."),
    workers: z.number().int().default(4).describe("How many requests it serves at a time."),
  }),
  tasks({ t, vars: { folder, workers } }) {
    const restart = t.handler("restart", sh`cp ${folder}/app.conf ${folder}/running`);
    t.directory(folder);
    let config: ReturnType<typeof t.file>;
    t.block("new configuration", { lane: oneAtATime, rescue: () => t.restore(config) }, () => {
      config = t.file(`${folder}/app.conf`, { content: `workers ${workers}\n`, notify: restart });
      t.flush();
      t.gate("healthy", { probe: sh`grep -qx 'workers [1-9]' ${folder}/running`, within: 1, every: 0.5, needs: [restart] });
    });
  },
});
