import type { HandlerNode, ResourceNode, Tasks } from "hawser";
import { OPT } from "./paths.ts";
import type { Vars } from "./vars.ts";

/** The server's program, out of an archive or by itself; another version of it notifies. */
export function declareProgram(t: Tasks, { artifact }: Pick<Vars, "artifact">, name: string, options: { readonly needs: readonly ResourceNode[]; readonly notify?: readonly HandlerNode[] }): ResourceNode {
  const { pathname } = artifact.url === undefined ? { pathname: artifact.localFile ?? "" } : new URL(artifact.url);
  const packed = /\.(?:tar(?:\.\w+)?|tgz|txz|zip)$/.test(pathname);
  return packed ? t.archive(OPT, { ...artifact, name, creates: name, ...options }) : t.download(`${OPT}/${name}`, { ...artifact, mode: "0755", ...options });
}
