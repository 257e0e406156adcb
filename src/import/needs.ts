import type { Call } from "./modules/module.ts";
import type { CallStatement } from "./statement.ts";

/** What kinds of resource must be looked at anew when another kind changed before them. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  package: ["repository"],
  service: ["package"],
  task: ["package"],
  read: ["package"],
  gate: ["package"],
  line: ["package"],
  block: ["package"],
  user: ["group"],
  "authorized-key": ["user"],
};

/** Folders that packages make: what lies in them is not there before. */
const OF_PACKAGES = /^["`]\/etc\/(?!systemd\/|cron\.d\/|sysctl\.d\/|profile\.d\/|apt\/|yum\.repos\.d\/|sudoers\.d\/|modules-load\.d\/|tmpfiles\.d\/|security\/|default\/)[^/"`]+\/./;

/**
 * What a resource needs among those that stand before it, as far as it can be told: so that a check of a host on which nothing is yet
 * can say what would come. A need that is missing costs a request, never a wrong result.
 */
export function neededBy(call: Call, before: readonly CallStatement[]): CallStatement[] {
  const kinds = AFTER[call.kind] ?? (call.kind === "file" && OF_PACKAGES.test(call.key ?? "") ? ["package"] : []);
  const found = before.filter((one) => kinds.includes(one.call.kind));
  // A user needs the groups that it names; of one that is computed nobody knows.
  if (call.kind === "user") {
    const named = call.options.filter(([name]) => name === "group" || name === "groups").map(([, code]) => code).join(" ");
    return found.filter(({ call: { key = "" } }) => named.includes(key) || (named !== "" && !key.startsWith('"')));
  }
  if (call.kind !== "service") return found;
  // A unit that the role writes itself.
  const unit = (call.key ?? "").replaceAll(/["`]|\.service/g, "");
  return [...found, ...before.filter((one) => one.call.kind === "file" && (one.call.key ?? "").includes(`/etc/systemd/system/${unit}`))];
}
