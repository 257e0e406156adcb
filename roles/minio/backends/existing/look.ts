import type { Sh } from "hawser";
import { part } from "../parts.ts";
import { mc } from "./mc.ts";

/** A look by mc at one thing of several. */
export const look = (name: string, ...words: readonly string[]): Sh => part(name, mc(...words));
