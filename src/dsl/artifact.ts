import { z } from "zod";
import { fetchArgs } from "../resources/fetch.ts";

/** A release that a role brings to hosts, known by its sha256. Spread it into `t.archive` or `t.download`. */
export interface Artifact {
  readonly url: string | undefined;
  readonly sha256: string;
  /** Before any host is touched the run fills in the mirror that the inventory or the configuration names. */
  mirror: string | undefined;
  /** The file on the controller. It is made absolute, or the one in the controller's cache, before any host is touched. */
  localFile: string | undefined;
}

/** What the schema has made: vars may hold other objects that look alike. */
const made = new WeakSet<object>();

export const isArtifact = (value: object): value is Artifact => made.has(value);

/**
 * The schema of a role's var for a release: one of `url` or `file`, its `sha256`, and optionally a `mirror`.
 *
 * What is in `file` or in the controller's cache is compared with the sha256 before any host is touched, and uploaded. Else hosts
 * download it. `hawser artifacts fetch` fills the cache.
 * @example t.archive("/opt/app", { ...vars.artifact, name: "app", creates: "app" })
 */
export const artifact = z
  .strictObject({
    url: fetchArgs.url.describe("Where it is: http, https or ftp, without a password."),
    file: z.string().min(1, "give the path of the file").optional().describe("A file on the controller, instead of a URL; a relative path begins at the file that says it."),
    sha256: fetchArgs.sha256.describe("Of the file, in hexadecimal."),
    mirror: fetchArgs.mirror.describe("Takes the place of the URL's scheme and host; `{host}` in it stands for that host. Default: the host var `artifact_mirror`."),
  })
  .check(({ value, issues }) => {
    const complain = (message: string): void => void issues.push({ code: "custom", message, input: value });
    if (value.url === undefined && value.file === undefined) complain("give its url, or as file a path on the controller");
    if (value.url !== undefined && value.file !== undefined) complain("give either url or file, not both");
    if (value.mirror !== undefined && value.url === undefined) complain("a mirror takes the place of the url's host, and there is no url");
  })
  .transform(({ url, file, sha256, mirror }): Artifact => {
    const artifact = { url, sha256, mirror, localFile: file };
    made.add(artifact);
    return artifact;
  });
