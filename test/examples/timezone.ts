import { defineResource, defineRole, PlanError, sh, z } from "hawser";

const ZONES = "/usr/share/zoneinfo";

/** A kind of your own: how to look, and what to change. */
export const timezone = defineResource({
  kind: "timezone",
  summary: "The host's time zone.",
  args: z.strictObject({
    /** As in tzdata: `Asia/Singapore`. */
    zone: z.string().regex(/^[A-Za-z_]+(\/[A-Za-z_+-]+)*$/, "not the name of a time zone"),
  }),
  key: () => "local",
  claims: () => [{ target: "file:/etc/localtime" }],
  probe: ({ zone }) => sh`readlink /etc/localtime || echo none; [ -e ${`${ZONES}/${zone}`} ] || echo unknown zone`,
  plan({ zone }, seen) {
    const [now, unknown] = seen.out.trim().split("\n");
    const target = `${ZONES}/${zone}`;
    if (unknown !== undefined) throw new PlanError(`the host has no time zone ${zone}`, "is the package tzdata installed? Declare it in `needs`");
    if (now === target) return undefined;
    return {
      summary: `${now?.replace(`${ZONES}/`, "")} -> ${zone}`,
      apply: sh`ln -sfn ${target} /etc/localtime`,
      after: { out: `${target}\n`, err: "", code: 0 },
    };
  },
});

export const clock = defineRole(import.meta, {
  name: "clock",
  summary: "Time as people there read it.",
  vars: z.strictObject({ zone: z.string().describe("As in tzdata.") }),
  tasks({ t, vars }) {
    const tzdata = t.package("tzdata");
    t.add(timezone, { zone: vars.zone }, { needs: [tzdata] });
  },
});
