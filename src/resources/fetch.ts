import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import type { Upload } from "./contract.ts";
import { fillFrom, verify } from "./write.ts";

/** Where a file comes from; download and archive share it. */
export const fetchArgs = {
  /** http, https or ftp. It stands in the host's process list, so it holds no password. */
  url: z
    .url({ protocol: /^(https?|ftp)$/ })
    .refine((url) => {
      // What is no URL at all was complained of already.
      if (!URL.canParse(url)) return true;
      const { username, password } = new URL(url);
      return username === "" && password === "";
    }, "a URL with a password would be seen in the host's process list")
    .optional(),
  /** Of the file, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: ({ input }) => `a sha256 is 64 hexadecimal digits in lower case${typeof input === "string" && input.length !== 64 ? `, not ${input.length} characters` : ""}` }),
  /** Takes the place of the URL's scheme and host, e.g. `https://mirror.example/github`; `{host}` in it stands for that host. */
  mirror: z.url({ protocol: /^(https?|ftp)$/ }).optional(),
  /** A file on the controller, uploaded instead of being downloaded by the host. */
  localFile: z.string().min(1).optional(),
};

export interface Source {
  readonly url?: string | undefined;
  readonly sha256: string;
  readonly mirror?: string | undefined;
  readonly localFile?: string | undefined;
}

/** Commands that put the file to `"$t"` and check it, for the target `path`, and what must be uploaded before. */
export function fetch({ url = "", sha256, mirror, localFile }: Source, path: string): { fill: Sh; uploads?: readonly Upload[] } {
  if (localFile !== undefined) {
    return fillFrom({ content: { localFile }, sha256, path, from: localFile });
  }
  const from = mirrored(url, mirror);
  return {
    fill: Sh.lines(
      sh`u=${from}`,
      // busybox's wget knows neither retries nor its own messages under -q.
      Sh.raw(`if command -v curl >/dev/null; then curl -fsSL --retry 3 --connect-timeout 30 -o "$t" "$u"
elif command -v wget >/dev/null; then wget -q -O "$t" "$u" || { echo "wget cannot fetch $u" >&2; exit 1; }
else echo 'neither curl nor wget is there: install curl' >&2; exit 1; fi`),
      verify("$t", from, sha256),
    ),
  };
}

/** Where a file is fetched from. */
export function mirrored(url: string, mirror: string | undefined): string {
  if (mirror === undefined) return url;
  const { host, pathname, search } = new URL(url);
  return mirror.replaceAll("{host}", host).replace(/\/$/, "") + pathname + search;
}
