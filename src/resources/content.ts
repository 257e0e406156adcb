import { createHash } from "node:crypto";
import { Secret, sh, type Sh } from "../shell/index.ts";
import { isLocalFile, type Content, type LocalFile } from "./args.ts";
import { attributesAfter, changeAttributes, describeAttributes, type WantedAttributes } from "./attributes.ts";
import { PlanError, type Change } from "./contract.ts";
import { fileDiff, HOLDS_SECRET, ONLY_OWNER, type DiffInput } from "./diff.ts";
import type { Facts } from "./facts.ts";
import { formatLook, LOOK_LIMIT, type Look } from "./look.ts";
import { fillWith, replaceFile } from "./write.ts";

export function bytesOf(content: Content): { bytes: Buffer; sensitive: boolean } {
  if (content instanceof Secret) return { bytes: Buffer.from(content.reveal()), sensitive: true };
  if (Buffer.isBuffer(content)) return { bytes: content, sensitive: false };
  if (typeof content === "string") return { bytes: Buffer.from(content), sensitive: false };
  return { bytes: Buffer.from(content.text), sensitive: content.sensitive };
}

export interface ContentPlan {
  readonly path: string;
  readonly look: Look;
  /** The whole content that the file shall have; undefined keeps it. */
  readonly content: Buffer | LocalFile | undefined;
  readonly sensitive: boolean;
  readonly wanted: WantedAttributes;
  readonly facts: Facts;
  readonly validate?: ((file: string) => Sh) | undefined;
  /** What the summary calls a change of content. Default `content`. */
  readonly verb?: string;
  /** The content is made from what is there, so that the new content must be hidden where the old one must. */
  readonly edited?: boolean;
}

/** The change that gives a file its content and attributes, or nothing. */
export function planContent(plan: ContentPlan): Change | undefined {
  const { path, look, content, wanted, facts, verb = "content" } = plan;
  refuseOtherThanFile(path, look);
  const to = attributesAfter(look, wanted);
  const attributes = look.kind === "file" ? describeAttributes(look, to) : [];
  const target = realPath(path, look);
  if (content === undefined || sameContent(look, content)) {
    if (attributes.length === 0) return undefined;
    return { summary: attributes.join(", "), apply: changeAttributes(target, look, to), after: formatLook({ ...look, ...to }) };
  }
  const { fill, uploads } = fillWith(content, plan.sensitive, target, facts);
  return {
    summary: look.kind === "absent" ? "create" : [verb, ...attributes].join(", "),
    diff: isLocalFile(content) ? `(sha256 ${oldHash(look)} -> ${content.sha256})` : fileDiff(path, { before: look.content, after: content, hide: hidden(plan) }),
    apply: replaceFile({ path: target, look, wanted, facts, validate: plan.validate }, fill),
    ...(uploads && { uploads }),
    after: formatLook({ kind: "file", link: look.link, ...to, ...stored(content) }),
  };
}

/** The file to write: where a symlink ends. @throws PlanError when it ends nowhere. */
export function realPath(path: string, look: Look): string {
  if (look.link !== undefined && !look.link.startsWith("/")) throw new PlanError(`${path} is a symlink that leads nowhere: ${look.link}`, "remove the symlink, or make the folder that it points into");
  if (look.link?.includes("\uFFFD")) throw new PlanError(`${path} is a symlink to a path that is not UTF-8`, "remove the symlink, or name the file itself");
  return look.link ?? path;
}

export function refuseOtherThanFile(path: string, look: Look): void {
  if (look.kind === "directory") throw new PlanError(`${path} is a folder, not a file`, "remove it first with a directory resource of state absent");
  if (look.kind === "other") throw new PlanError(`${path} is a device, socket or pipe, not a file`, "choose another path");
}

/** The change that removes a file or a symlink, never what the link points at. */
export function planRemoval(path: string, look: Look): Change | undefined {
  if (look.kind === "absent" && look.link === undefined) return undefined;
  if (look.kind === "directory" && look.link === undefined) throw new PlanError(`${path} is a folder, not a file`, "use a directory resource of state absent");
  const hide = { what: "all", why: ONLY_OWNER } as const;
  return {
    summary: look.link === undefined ? "remove" : "remove the symlink",
    ...(look.link === undefined && { diff: look.content === undefined ? `(${look.size} bytes)` : fileDiff(path, { before: look.content, after: undefined, hide: isPrivate(look) ? hide : undefined }) }),
    apply: sh`rm -f ${path}`,
    after: { out: "absent\n", err: "", code: 0 },
  };
}

function sameContent(look: Look, content: Buffer | LocalFile): boolean {
  if (isLocalFile(content)) return look.kind === "file" && look.size === content.size && oldHash(look) === content.sha256;
  if (look.kind !== "file" || look.size !== content.length) return false;
  return look.content === undefined ? look.sha256 === sha256(content) : look.content.equals(content);
}

function stored(content: Buffer | LocalFile): Pick<Look, "size" | "content" | "sha256"> {
  // A local file is above the limit: smaller ones are read.
  if (isLocalFile(content)) return { size: content.size, content: undefined, sha256: content.sha256 };
  const size = content.length;
  return size > LOOK_LIMIT ? { size, content: undefined, sha256: sha256(content) } : { size, content, sha256: undefined };
}

function oldHash(look: Look): string {
  return look.sha256 ?? (look.content === undefined ? "none" : sha256(look.content));
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

export function isPrivate(look: Look): boolean {
  return look.kind === "file" && (Number.parseInt(look.mode, 8) & 0o004) === 0;
}

function hidden({ sensitive, look, edited = false }: ContentPlan): DiffInput["hide"] {
  if (sensitive) return HOLDS_SECRET;
  if (look.kind === "file" && look.content === undefined) return { what: "all", why: `the file has ${look.size} bytes` };
  return isPrivate(look) ? { what: edited ? "all" : "old", why: ONLY_OWNER } : undefined;
}
