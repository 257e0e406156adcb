import { Sh, sh } from "hawser";
import { bucketsOf, type Bucket, type Vars } from "../../vars.ts";
import { asSite, masterOf, weedShell } from "./weed.ts";

const MIB = 1_048_576;
const dots = (name: string): string => name.replaceAll(".", String.raw`\.`);
const place = (name: string): string => `/buckets/${name}/`;

/** Sets `l` to SeaweedFS' list of buckets, and `c` to what it does by path, without blanks. */
const look = (vars: Vars): Sh => Sh.lines(
  // SeaweedFS' shell would wait for a master that does not run until it is killed, at every look of a host that is set up anew.
  sh`${asSite(`https://${masterOf(vars)}/dir/status`)} >/dev/null 2>&1 || exit 1`,
  sh`s=$(${weedShell(vars, sh`echo s3.bucket.list; echo fs.configure`)}) || exit 1`,
  sh`l=$(printf '%s\n' "$s" | sed -n 's/^  *\\([a-z0-9][^ 	]*\\)	size:/\\1 size:/p')`,
  sh`c=$(printf '%s' "$s" | tr -d ' \n')`,
);

const there = ({ name }: Bucket): Sh => sh`printf '%s\n' "$l" | grep -q ${`^${dots(name)} `}`;
const quotaFits = ({ name, quota_mb }: Bucket): Sh => (quota_mb === undefined ? sh`! printf '%s\n' "$l" | grep -q ${`^${dots(name)} .*quota:`}` : sh`printf '%s\n' "$l" | grep -q ${`^${dots(name)} .*quota:${quota_mb * MIB}[^0-9]`}`);
const expiryFits = ({ name, expire_days }: Bucket): Sh => (expire_days === undefined ? sh`! printf '%s' "$c" | grep -q ${`"locationPrefix":"${dots(place(name))}"[^}]*"ttl":`}` : sh`printf '%s' "$c" | grep -q ${`"locationPrefix":"${dots(place(name))}"[^}]*"ttl":"${expire_days}d"`}`);

/** All buckets in one task: SeaweedFS' shell takes a while to start. */
export function bucketsTask(vars: Vars): { readonly check: Sh; readonly apply: Sh } {
  const buckets = bucketsOf(vars);
  return {
    check: Sh.lines(look(vars), ...buckets.flatMap((bucket) => [there(bucket), quotaFits(bucket), expiryFits(bucket)].map((condition) => sh`{ ${condition}; } || exit 1`))),
    apply: Sh.lines(
      look(vars),
      sh`o=$(${weedShell(vars, sh`{ ${Sh.lines(...buckets.map(wanted), ":")}
}`)})`,
      sh`printf '%s\n' "$o" | grep -i '^error' >&2 && exit 1 || :`,
    ),
  };
}

/** Prints the lines that make a bucket what it is to be. */
function wanted(bucket: Bucket): Sh {
  const { name, quota_mb, expire_days } = bucket;
  return Sh.lines(
    sh`${there(bucket)} || echo ${`s3.bucket.create -name ${name}`}`,
    sh`{ ${quotaFits(bucket)}; } || echo ${`s3.bucket.quota -name ${name} -op ${quota_mb === undefined ? "remove" : `set -sizeMB ${quota_mb}`}`}`,
    sh`{ ${expiryFits(bucket)}; } || echo ${`fs.configure -locationPrefix=${place(name)} ${expire_days === undefined ? "-delete" : `-ttl=${expire_days}d`} -apply`}`,
  );
}
