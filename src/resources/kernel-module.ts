import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { Lines, printed, systemFolder } from "./accounts.ts";
import { defineResource, PlanError, type Change, type Prediction } from "./contract.ts";
import type { Facts } from "./facts.ts";

const args = z
  .strictObject({
    /** `ip_gre`; hyphens and underscores are the same to the kernel. */
    name: z.string().regex(/^[\w-]+$/, "not the name of a kernel module"),
    /** Loads it at every boot too, by a file in /etc/modules-load.d. */
    persist: z.boolean().default(true),
    /** Parameters, in /etc/modprobe.d; a loaded module takes them when it is loaded the next time. Default: left as they are. */
    options: z.record(z.string().regex(/^\w+$/), z.union([z.string().regex(/^[^\s"]*$/, "no white space"), z.number()]).transform(String)).optional(),
    /** absent unloads it and forgets it for the next boot; a module that something uses stays loaded, and that is an error. */
    state: z.enum(["loaded", "absent"]).default("loaded"),
  })
  .check(({ value, issues }) => {
    if (value.state === "absent" && value.options !== undefined) issues.push({ code: "custom", message: "state absent takes no options", input: value });
  });

type Args = z.output<typeof args>;

const kernelName = ({ name }: Args): string => name.replaceAll("-", "_");
const loadFile = (args: Args): string => `/etc/modules-load.d/hawser-${kernelName(args)}.conf`;
const optionFile = (args: Args): string => `/etc/modprobe.d/hawser-${kernelName(args)}.conf`;
const optionLine = (args: Args): string => `options ${kernelName(args)} ${Object.entries(args.options ?? {}).map(([name, value]) => `${name}=${value}`).join(" ")}`;

export const kernelModule = defineResource({
  kind: "kernel-module",
  summary: "A kernel module that is loaded, now and at boot. One that is built into the kernel counts as loaded.",
  args,
  key: kernelName,
  claims: (args) => [{ target: `kernel-module:${kernelName(args)}` }],
  /** A built-in module without parameters has no folder in /sys: the kernel package's own list says it. */
  probe(args) {
    const pattern = `/${kernelName(args).replaceAll("_", "[_-]")}\\.ko`;
    return Sh.lines(
      sh`m=${kernelName(args)} l=${loadFile(args)} o=${optionFile(args)}`,
      Sh.raw(`if [ -d "/sys/module/$m" ]; then if [ -e "/sys/module/$m/initstate" ]; then echo loaded; else echo built-in; fi
else
r=$(uname -r)`),
      sh`if grep -q ${pattern} "/lib/modules/$r/modules.builtin" 2>/dev/null; then echo built-in; else echo absent; fi`,
      Sh.raw(`fi
if [ -r "$l" ]; then IFS= read -r v <"$l" || :; printf 'boot %s\\n' "$v"; fi
if [ -r "$o" ]; then IFS= read -r v <"$o" || :; printf 'set %s\\n' "$v"; fi`),
    );
  },
  plan: (args, seen, { facts }) => plan(args, new Lines(seen), facts, false),
  predict(args, seen, upstream, { facts }): Prediction {
    const unknown = upstream.find((up) => up.outcome === "unknown");
    try {
      // What is missing now may be brought by a need: a package of modules.
      const change = plan(args, new Lines(seen), facts, unknown === undefined);
      return change ? { outcome: "would-change", change } : { outcome: "ok" };
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      return { outcome: "unknown", cause: `${error.message}, and ${(unknown ?? upstream[0])?.id} would change first` };
    }
  },
});

function plan(args: Args, seen: Lines, facts: Facts, mayCome: boolean): Change | undefined {
  const name = kernelName(args);
  const builtIn = seen.has("built-in");
  const up = builtIn || seen.has("loaded");
  const [boot, set] = [seen.get("boot"), seen.get("set")];
  if (args.state === "absent") {
    if (builtIn) throw new PlanError(`${name} is built into the kernel and cannot be unloaded`, "boot another kernel");
    if (!up && boot === undefined && set === undefined) return undefined;
    return {
      summary: [up && "unload", (boot !== undefined || set !== undefined) && "forget"].filter((part) => part !== false).join(", "),
      apply: Sh.lines(up && sh`modprobe -r ${name}`, sh`rm -f ${loadFile(args)} ${optionFile(args)}`),
      after: printed(["absent"]),
    };
  }
  // Without any list of modules (a container, a kernel without modules) nothing is known.
  if (!up && !mayCome && facts.kernel.modules.size > 0 && !facts.kernel.modules.has(name)) throw new PlanError(`the kernel ${facts.kernel.release} has no module ${name}`, "its package of further modules may have it (linux-modules-extra-…, kernel-modules-extra); or reboot into the kernel that was installed last");
  const wantsBoot = args.persist && !builtIn && boot !== name;
  const wantsSet = args.options !== undefined && set !== optionLine(args);
  const drops = !args.persist && boot !== undefined;
  const parts = [!up && "load", wantsBoot && "load at boot", drops && "not at boot", wantsSet && "options"].filter((part) => part !== false);
  if (parts.length === 0) return undefined;
  return {
    summary: parts.join(", "),
    ...(wantsSet && { diff: `${set === undefined ? "" : `-${set}\n`}+${optionLine(args)}` }),
    apply: Sh.lines(
      wantsSet && keep(optionFile(args), optionLine(args)),
      !up && sh`modprobe ${name}`,
      wantsBoot && keep(loadFile(args), name),
      drops && sh`rm -f ${loadFile(args)}`,
    ),
    // A module that was not there may turn out to be built in.
    ...(up && { after: printed([builtIn ? "built-in" : "loaded", (wantsBoot || (boot !== undefined && !drops)) && `boot ${wantsBoot ? name : boot}`, (wantsSet || set !== undefined) && `set ${wantsSet ? optionLine(args) : set}`]) }),
  };
}

/** One line, by a rename: a boot in between finds the old file or the new one. */
function keep(file: string, line: string): Sh {
  return sh`${systemFolder(file.slice(0, file.lastIndexOf("/")))}
printf '%s\\n' ${line} >${`${file}.new`}
chmod 644 ${`${file}.new`}
mv -f ${`${file}.new`} ${file}`;
}
