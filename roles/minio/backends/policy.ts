import { z } from "hawser";
import type { Rights } from "../vars.ts";

const READ = ["s3:GetObject", "s3:GetObjectTagging"];
const WRITE = [...READ, "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectTagging", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging"];
const LIST = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"];

/** By this, policies and users that the role made are told from the operator's. */
export const OURS = "hawser-";
/** MinIO's own, which may do everything. */
const EVERYTHING = "consoleAdmin";

export const policyOf = ({ name, admin }: Rights): string => (admin ? EVERYTHING : `${OURS}${name}`);

interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

/** What a user may do, in MinIO's words. Nothing for one that MinIO has a policy for. */
export function documentOf({ admin, buckets }: Rights): { readonly Version: string; readonly Statement: readonly Statement[] } | undefined {
  if (admin) return undefined;
  const statements = Object.entries(buckets).flatMap(([bucket, access]): Statement[] => [
    { Effect: "Allow", Action: LIST, Resource: [`arn:aws:s3:::${bucket}`] },
    { Effect: "Allow", Action: access === "read" ? READ : WRITE, Resource: [`arn:aws:s3:::${bucket}/*`] },
  ]);
  return { Version: "2012-10-17", Statement: statements };
}

const words = z.union([z.string().transform((word) => [word]), z.array(z.string())]);
const document = z.object({ Statement: z.array(z.object({ Effect: z.string(), Action: words, Resource: words })).nullish().transform((list) => list ?? []) });

/** The same for two that say the same: MinIO prints its parts in any order. */
export function meaningOf(given: unknown): string {
  const { data } = document.safeParse(given);
  return JSON.stringify((data?.Statement ?? []).map(({ Effect, Action, Resource }) => [Effect, [...Action].sort(), [...Resource].sort()].flat().join(" ")).sort());
}
