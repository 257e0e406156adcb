import { z } from "zod";
import { now, Sh, sh } from "../shell/index.ts";
import { systemFolder } from "./accounts.ts";
import { APT_ENVIRONMENT } from "./apt-commands.ts";
import { content, late } from "./args.ts";
import { bytesOf } from "./content.ts";
import { defineResource, PlanError, type Change } from "./contract.ts";
import type { Facts } from "./facts.ts";
import { fetchArgs } from "./fetch.ts";
import { diffOfSet, lookAtSet, planSet, writeSet, type SetFile } from "./file-set.ts";
import { lockFunctions } from "./package-locks.ts";

const line = z.string().regex(/^[^\n]+$/, "one line");
const words = z.string().regex(/^\S+$/, "no white space");

const args = z
  .strictObject({
    /** Names the files, and on EL the repository itself. */
    name: z.string().regex(/^[A-Za-z0-9][\w.-]*$/, "letters, digits, dots, hyphens and underscores"),
    /** apt: where the archive is. */
    uris: z.array(words).min(1).optional(),
    /** apt: `bookworm`, or a folder that ends in `/` for an archive without components. */
    suites: z.array(words).min(1).optional(),
    /** apt. */
    components: z.array(words).min(1).optional(),
    /** apt. Default: those of the host. */
    architectures: z.array(words).min(1).optional(),
    /** dnf and yum. */
    baseurl: z.array(words).min(1).optional(),
    /** dnf and yum, in place of baseurl. */
    mirrorlist: words.optional(),
    /** The public key that signs: its text (or bytes), or where the host gets it. */
    key: z.union([late(content), z.strictObject({ url: fetchArgs.url.unwrap(), sha256: fetchArgs.sha256 })]).optional(),
    /** Trusts whoever answers at the address. Needed where there is no key. */
    trusted: z.boolean().default(false),
    /** A disabled one stays written down, and nothing is installed from it. */
    enabled: z.boolean().default(true),
    /** Further settings in the words of sources(5) or yum.conf(5). */
    options: z.record(words, line).default({}),
    state: z.enum(["present", "absent"]).default("present"),
    /** Seconds to wait for another package manager that is at work. */
    lockTimeout: z.number().int().positive().default(300),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if (value.state === "absent") return;
    if ((value.uris === undefined) === (value.baseurl === undefined && value.mirrorlist === undefined)) complain("give uris (apt), or baseurl or mirrorlist (dnf, yum)");
    if (value.uris !== undefined && value.suites === undefined) complain("uris need suites");
    if ((value.key === undefined) !== value.trusted) complain("give the key, or trusted: true to do without");
  });

type Args = z.output<typeof args>;

const isApt = (facts: Facts): boolean => facts.packageManager === "apt";
const sourcePath = ({ name }: Args, facts: Facts): string => (isApt(facts) ? `/etc/apt/sources.list.d/${name}.sources` : `/etc/yum.repos.d/${name}.repo`);

/** apt tells an armored key from a binary one by the name's ending. */
function keyPath({ name, key }: Args, facts: Facts): string {
  if (!isApt(facts)) return `/etc/pki/rpm-gpg/RPM-GPG-KEY-${name}`;
  const binary = typeof key === "object" && "url" in key ? key.url.endsWith(".gpg") : Buffer.isBuffer(key) && !key.includes("-----BEGIN");
  return `/etc/apt/keyrings/${name}.${binary ? "gpg" : "asc"}`;
}

function sourceText(args: Args, facts: Facts): string {
  const { uris, suites, components, architectures, baseurl, mirrorlist, key, enabled, options } = args;
  const fields: (readonly [string, string | undefined])[] = isApt(facts)
    ? [
        ["Types", "deb"],
        ["URIs", uris?.join(" ")],
        ["Suites", suites?.join(" ")],
        ["Components", components?.join(" ")],
        ["Architectures", architectures?.join(" ")],
        ["Signed-By", key === undefined ? undefined : keyPath(args, facts)],
        ["Trusted", args.trusted ? "yes" : undefined],
        ["Enabled", enabled ? undefined : "no"],
      ]
    : [
        ["name", args.name],
        ["baseurl", baseurl?.join("\n    ")],
        ["mirrorlist", mirrorlist],
        ["enabled", enabled ? "1" : "0"],
        ["gpgcheck", key === undefined ? "0" : "1"],
        ["gpgkey", key === undefined ? undefined : `file://${keyPath(args, facts)}`],
      ];
  const body = [...fields, ...Object.entries(options)].flatMap(([name, value]) => (value === undefined ? [] : [isApt(facts) ? `${name}: ${value}\n` : `${name}=${value}\n`])).join("");
  return `# Managed by hawser\n${isApt(facts) ? "" : `[${args.name}]\n`}${body}`;
}

/** The key comes first: the check of the source needs it. */
function filesOf(args: Args, facts: Facts, look: boolean): SetFile[] {
  const { key } = args;
  const source = { path: sourcePath(args, facts) };
  if (args.state === "absent") {
    const paths = isApt(facts) ? ["asc", "gpg"].map((ending) => `/etc/apt/keyrings/${args.name}.${ending}`) : [keyPath(args, facts)];
    return [...paths, source.path].map((path) => ({ path, absent: true }));
  }
  const keys: SetFile[] = key === undefined ? [] : [typeof key === "object" && "url" in key ? { path: keyPath(args, facts), source: key } : { path: keyPath(args, facts), content: look ? "" : contentOf(now(key)) }];
  return [...keys, { ...source, content: sourceText(args, facts), ...(isApt(facts) && args.enabled && { validate: (file) => update(file, args) }) }];
}

/** A secret is not what a public key is; it would be written so that apt cannot read it. */
function contentOf(key: Parameters<typeof bytesOf>[0]): Buffer {
  return bytesOf(key).bytes;
}

/** Fetches the lists of this source alone; where that fails the old source stays, and the next run tries again. */
function update(file: string, { lockTimeout }: Args): Sh {
  return Sh.lines(
    lockFunctions("apt", lockTimeout),
    APT_ENVIRONMENT,
    "idle",
    sh`apt-get -q -o Dir::Etc::sourcelist=${file} -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any update`,
  );
}

export const repository = defineResource({
  kind: "repository",
  summary: "A package repository with its key, for apt (deb822), dnf or yum.",
  args,
  opaque: true,
  key: (args) => args.name,
  claims: (args) => [{ target: `repository:${args.name}` }],
  probe: (args, { facts }) => lookAtSet(filesOf(args, facts, true)),
  plan(args, seen, { facts }): Change | undefined {
    if (args.state === "present" && isApt(facts) !== (args.uris !== undefined)) throw new PlanError(`the repository ${args.name} is described for another package manager than ${facts.packageManager}`, "give uris and suites for apt, baseurl or mirrorlist for dnf and yum");
    const plan = planSet(filesOf(args, facts, false), seen.out, seen, facts);
    if (plan.changes.length === 0) return undefined;
    const source = plan.changes.find((change) => change.path === sourcePath(args, facts));
    const removed = args.state === "absent";
    return {
      summary: removed ? "remove" : [source?.summary, plan.changes.some((change) => change !== source) && "key"].filter((part) => typeof part === "string").join(", "),
      ...diffOfSet(plan),
      ...(plan.uploads.length > 0 && { uploads: plan.uploads }),
      apply: Sh.lines(
        !removed && systemFolder(isApt(facts) ? "/etc/apt/keyrings" : "/etc/pki/rpm-gpg"),
        writeSet(plan),
        // Another key for the same source shows at once whether it fits.
        source === undefined && !removed && isApt(facts) && args.enabled && update(sourcePath(args, facts), args),
        // yum keeps lists by the repository's name, so those of another address would be taken for the new one's.
        source !== undefined && !removed && !isApt(facts) && args.enabled && sh`${facts.packageManager} -q --disablerepo='*' --enablerepo=${args.name} clean expire-cache`,
      ),
      after: { out: plan.after, err: "", code: 0 },
    };
  },
});
