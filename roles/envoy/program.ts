import { sh, UsageError, type Facts, type HandlerNode, type ResourceNode, type Tasks } from "hawser";
import { ACCOUNT, OPT } from "./paths.ts";
import type { Vars } from "./vars.ts";

/** Where Envoy is found. */
export const programOf = ({ apt }: Pick<Vars, "apt">): string => (apt ? "/usr/bin/envoy" : `${OPT}/envoy`);

/** What the role needs on the host, and the user that Envoy runs as. */
export function declareTools(t: Tasks, { family }: Facts): readonly ResourceNode[] {
  return [...t.package(["openssl", "tar", "gzip", "curl", ...(family === "debian" ? ["ca-certificates", "iproute2"] : ["iproute"])]), t.user(ACCOUNT, { system: true, shell: "/usr/sbin/nologin" })];
}

/** The program; nothing runs yet. */
export function declareProgram(t: Tasks, { artifact, apt }: Vars, facts: Facts, needs: readonly ResourceNode[], notify: HandlerNode): readonly ResourceNode[] {
  const program = apt ? fromRepository(t, apt, facts, needs, notify) : fromArtifact(t, artifact as NonNullable<typeof artifact>, needs, notify);
  const runs = t.task("envoy runs here", {
    check: sh`${programOf({ apt })} --version >/dev/null 2>&1 || exit 1`,
    // The check has failed already: this says why, in the system's words.
    apply: sh`${programOf({ apt })} --version`,
    summary: "try",
    needs: program,
  });
  return [...program, runs];
}

function fromRepository(t: Tasks, { uri, suite, key_url, key_sha256, version }: NonNullable<Vars["apt"]>, facts: Facts, needs: readonly ResourceNode[], notify: HandlerNode): readonly ResourceNode[] {
  const release = suite ?? facts.os.codename;
  if (release === "") throw new UsageError(`${facts.os.name} has no code name`, { hint: "envoy.apt.suite: bookworm" });
  const repository = t.repository("envoy", { uris: [uri], suites: [release], components: ["main"], key: { url: key_url, sha256: key_sha256 }, needs });
  return t.package("envoy", { ...(version !== undefined && { version }), needs: [repository], notify });
}

function fromArtifact(t: Tasks, artifact: NonNullable<Vars["artifact"]>, needs: readonly ResourceNode[], notify: HandlerNode): readonly ResourceNode[] {
  const folder = t.directory(OPT, { mode: "0755", parents: true });
  const name = artifact.url === undefined ? (artifact.localFile ?? "") : new URL(artifact.url).pathname;
  if (/\.(?:tar|tgz|tar\.\w+)$/.test(name)) return [folder, t.archive(OPT, { ...artifact, name: "envoy", creates: "envoy", needs: [...needs, folder], notify })];
  return [folder, t.download(`${OPT}/envoy`, { ...artifact, mode: "0755", needs: [...needs, folder], notify })];
}
