import { Declarations } from "./declarations.ts";

/** What a role declares with, as `t`: one verb per kind of resource. */
export class Tasks extends Declarations {}
