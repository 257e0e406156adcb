import { UsageError } from "../errors/index.ts";

/** At most `width` hosts are inside the blocks of one lane at a time. A value: make it once, in the playbook or role file. */
export interface Lane {
  readonly name: string;
  readonly width: number;
}

/** @param width Hosts at a time, default 1. */
export function lane(name: string, width = 1): Lane {
  if (!Number.isInteger(width) || width < 1) throw new UsageError(`lane "${name}": the width is a whole number of hosts from 1, not ${width}`);
  return { name, width };
}
