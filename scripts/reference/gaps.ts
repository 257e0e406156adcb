/** What has no doc comment yet, by the end of its complaint. Entries go away as comments are written; none is added. */
export const GAPS: readonly string[] = [
  "the option tags has no doc comment",
  "Role, which is public, has no doc comment",
  "RoleInput, which is public, has no doc comment",
  "Play, which is public, has no doc comment",
  "HandlerNode, which is public, has no doc comment",
  "ResourceNode, which is public, has no doc comment",
  "RunOptions, which is public, has no doc comment",
];
