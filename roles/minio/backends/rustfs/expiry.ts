/** What ends the objects of a bucket. */
export interface Expiry {
  /** Days after which an object is gone. Default: it stays. */
  readonly expire_days?: number;
  /** Days after which a former version, or one that was deleted, is gone. */
  readonly versions_days: number;
}

const rule = (id: string, what: string): string => `<Rule><ID>hawser-${id}</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>${what}</Rule>`;

/** The bucket's rules, as S3 takes them. A mark of a deletion goes when nothing is left behind it. */
export function documentOf({ expire_days, versions_days }: Expiry): string {
  const rules = [
    ...(expire_days === undefined ? [] : [rule("objects", `<Expiration><Days>${expire_days}</Days></Expiration>`)]),
    rule("versions", `<NoncurrentVersionExpiration><NoncurrentDays>${versions_days}</NoncurrentDays></NoncurrentVersionExpiration>`),
    rule("marks", "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"),
  ];
  return `<LifecycleConfiguration>${rules.join("")}</LifecycleConfiguration>`;
}

/** Elements that say something: what a server adds around them differs. */
const SAYING = /<(ID|Status|Days|Date|NoncurrentDays|NewerNoncurrentVersions|ExpiredObjectDeleteMarker|StorageClass|Prefix|Key|Value|DaysAfterInitiation)>([^<]+)</g;

/** The same for two documents that say the same, whatever order they say it in. */
export function meaningOf(document: string): string {
  const rules = [...document.matchAll(/<Rule>([^]*?)<\/Rule>/g)].map(([, text = ""]) => [...text.matchAll(SAYING)].map(([, name, value]) => `${name}=${value}`).sort().join(" "));
  return rules.sort().join("\n");
}
