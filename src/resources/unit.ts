import { z } from "zod";
import { now, Sh, sh } from "../shell/index.ts";
import { systemFolder } from "./accounts.ts";
import { content, late } from "./args.ts";
import { bytesOf, planContent, planRemoval } from "./content.ts";
import { defineResource, type Change } from "./contract.ts";
import { lookAt, parseLook } from "./look.ts";
import { fullUnitName, unitName } from "./service.ts";

export const UNITS = "/etc/systemd/system";

/** Where systemd is not running (an image being made) it will read its files when it starts. */
export const DAEMON_RELOAD = "[ ! -d /run/systemd/system ] || systemctl daemon-reload";

const args = z
  .strictObject({
    /** `backup.service`, `data.mount`, `worker@.service`; without a type it is a service. */
    name: unitName,
    /** Needed for state present. */
    content: late(content).optional(),
    /** Adds to or overrides parts of a unit that something else owns, as NAME.d/<dropIn>.conf. */
    dropIn: z.string().regex(/^[\w.@-]+$/, "a drop-in is named without a folder and without .conf").optional(),
    state: z.enum(["present", "absent"]).default("present"),
  })
  .check(({ value, issues }) => {
    if ((value.state === "present") !== (value.content !== undefined)) issues.push({ code: "custom", message: "state present takes content, state absent takes none", input: value });
  });

type Args = z.output<typeof args>;

function fileOf({ name, dropIn }: Args): string {
  const unit = `${UNITS}/${fullUnitName(name)}`;
  return dropIn === undefined ? unit : `${unit}.d/${dropIn}.conf`;
}

export const unit = defineResource({
  kind: "unit",
  summary: "A systemd unit file, or a drop-in for one; systemd is told of every change. Running and enabling it is the service kind's.",
  args,
  key: (args) => (args.dropIn === undefined ? fullUnitName(args.name) : `${fullUnitName(args.name)}/${args.dropIn}`),
  claims: (args) => [{ target: `file:${fileOf(args)}` }],
  probe: (args) => lookAt(fileOf(args)),
  plan(args, seen, { facts }): Change | undefined {
    const path = fileOf(args);
    const look = parseLook(seen, path);
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (args.state === "absent") {
      const change = planRemoval(path, look);
      const tidy = args.dropIn === undefined ? undefined : sh`rmdir ${folder} 2>/dev/null || :`;
      return change?.apply && { ...change, apply: Sh.lines(args.dropIn === undefined && endOf(fullUnitName(args.name)), change.apply, tidy, DAEMON_RELOAD) };
    }
    const { bytes, sensitive } = bytesOf(now(args.content ?? ""));
    const wanted = { mode: sensitive ? "0600" : "0644", owner: "root", group: "root" };
    const change = planContent({ path, look, content: bytes, sensitive, wanted, facts });
    return change?.apply && { ...change, apply: Sh.lines(args.dropIn !== undefined && systemFolder(folder), "(", change.apply, ")", DAEMON_RELOAD) };
  },
});

/** A unit whose only file goes is stopped and disabled first, as nobody could do it afterwards. */
function endOf(name: string): Sh {
  const instances = name.replace("@.", "@*.");
  return Sh.lines(
    sh`if [ -d /run/systemd/system ] && ! [ -e ${`/usr/lib/systemd/system/${name}`} ] && ! [ -e ${`/lib/systemd/system/${name}`} ]; then`,
    sh`systemctl stop ${instances} || :`,
    sh`systemctl disable ${name} || :`,
    "fi",
  );
}
