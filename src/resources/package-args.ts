import { z } from "zod";

export const packageArgs = z
  .strictObject({
    /** As the distribution calls it; one per resource, several installs become one command. `name:i386` (apt) and `name.i686` (dnf, yum) name an architecture. With apt also a virtual package: present when an installed package provides it. */
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._-]*(?::[a-z0-9-]+)?$/, "not the name of a package"),
    /** A whole version (`1:2.3-4`), or the beginning of one and `*` (`15.*`). dnf and yum may leave out epoch and release. */
    version: z.string().regex(/^[A-Za-z0-9.+~:^_-]+\*?$/, "a version is a whole one, or the beginning of one and `*`").optional(),
    /** Keeps upgrades of the system away from it. Default: left as it is. On EL it needs the versionlock plugin. */
    hold: z.boolean().optional(),
    /** `latest` is the newest version in the host's package lists (apt only); lists older than `listsAge` are refreshed first. */
    state: z.enum(["present", "absent", "latest"]).default("present"),
    /** With state absent: removes the configuration files too (apt only). */
    purge: z.boolean().default(false),
    /** Without it, an installed version that is newer than `version` is an error. */
    allowDowngrade: z.boolean().default(false),
    /** Without it, an install or removal that would take other packages away fails. */
    allowRemoval: z.boolean().default(false),
    /** Recommended (apt) or weak (dnf) dependencies too. Default: as the host is configured. */
    recommends: z.boolean().optional(),
    /** Hours after which package lists are fetched anew before an install (apt only). Lists that are missing or lack the package always are. */
    listsAge: z.number().positive().default(24),
    /** Seconds to wait for another package manager that is at work. */
    lockTimeout: z.number().int().positive().default(300),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if (value.state !== "present" && value.version !== undefined) complain(`state ${value.state} takes no version`);
    if (value.state === "absent" && value.hold === true) complain("an absent package cannot be held");
    if (value.state !== "absent" && value.purge) complain("purge goes with state absent");
  });

export type PackageArgs = z.output<typeof packageArgs>;
