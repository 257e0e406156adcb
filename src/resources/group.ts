import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { accountName, idNumber, Lines, printed } from "./accounts.ts";
import { defineResource, PlanError, type Change } from "./contract.ts";

export const group = defineResource({
  kind: "group",
  summary: "A group in /etc/group.",
  args: z
    .strictObject({
      name: accountName,
      /** Default: the next free one. */
      gid: idNumber.optional(),
      /** A new group gets its number from the range of the system's groups. */
      system: z.boolean().default(false),
      /** Exactly these users have it as a supplementary group. Default: left as they are; to add users one by one, use `groups` of user resources. */
      members: z.array(accountName).optional(),
      state: z.enum(["present", "absent"]).default("present"),
    })
    .check(({ value, issues }) => {
      if (value.state === "absent" && (value.gid !== undefined || value.members !== undefined)) issues.push({ code: "custom", message: "state absent takes no gid and no members", input: value });
    }),
  key: (args) => args.name,
  claims: (args) => [{ target: `group:${args.name}` }],
  probe(args) {
    return Sh.lines(
      sh`me=${args.name}`,
      Sh.raw(`n=''
while IFS=: read -r n _ ${args.gid === undefined ? "_" : "g"} ${args.members === undefined ? "_" : "m"}; do if [ "$n" = "$me" ]; then break; fi; done </etc/group
if [ "$n" = "$me" ]; then echo present`),
      args.gid !== undefined && `echo "gid $g"`,
      args.members !== undefined && `echo "members $m"`,
      `elif getent group "$me" >/dev/null 2>&1; then echo elsewhere; else echo absent; fi`,
    );
  },
  plan(args, seen): Change | undefined {
    const lines = new Lines(seen);
    if (lines.has("elsewhere")) throw new PlanError(`the group ${args.name} comes from a directory service, not from /etc/group`, "manage it there");
    const present = lines.has("present");
    if (args.state === "absent") return present ? { summary: "remove", apply: sh`groupdel ${args.name}`, after: printed(["absent"]) } : undefined;
    const members = (lines.get("members") ?? "").split(",").filter((name) => name !== "");
    const wrongId = present && args.gid !== undefined && lines.get("gid") !== String(args.gid);
    const wrongMembers = args.members !== undefined && [...members].sort().join() !== [...new Set(args.members)].sort().join();
    if (present && !wrongId && !wrongMembers) return undefined;
    const list = [...new Set(args.members)].join(",");
    const summary = present ? [wrongId && `gid ${lines.get("gid")} -> ${args.gid}`, wrongMembers && "members"].filter((part) => part !== false).join(", ") : "create";
    return {
      summary,
      ...(wrongMembers && { diff: `-members: ${members.join(", ")}\n+members: ${list.replaceAll(",", ", ")}` }),
      apply: Sh.lines(
        !present && sh`groupadd ${[...(args.gid === undefined ? [] : ["-g", args.gid]), ...(args.system ? ["-r"] : [])]} ${args.name}`,
        wrongId && sh`groupmod -g ${args.gid ?? ""} ${args.name}`,
        wrongMembers && sh`gpasswd -M ${list} ${args.name} >/dev/null`,
      ),
      after: printed(["present", args.gid !== undefined && `gid ${args.gid}`, args.members !== undefined && `members ${wrongMembers ? list : members.join(",")}`]),
    };
  },
});
