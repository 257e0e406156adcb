import { ansibleTools } from "./ansible.ts";
import { floor } from "./floor.ts";
import { hawser, kept } from "./hawser.ts";
import { pyinfraTools } from "./pyinfra.ts";
import type { Tool } from "./tool.ts";

export const TOOL_NAMES = ["hawser", "kept", "floor", "ansible", "pipelining", "mitogen", "pyinfra"] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

/** All tools that are installed here, with their versions. */
export async function installedTools(): Promise<ReadonlyMap<ToolName, Tool>> {
  const found: readonly (readonly [ToolName, Tool])[] = [["hawser", hawser], ["kept", kept], ["floor", floor], ...(await ansibleTools()), ...(await pyinfraTools())];
  return new Map(found);
}
