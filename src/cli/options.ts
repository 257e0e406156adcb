import { Option } from "commander";

/** What a command's action leaves behind. */
export interface Exit {
  code: number;
}

/** The inventory option that most commands share. */
export const inventoryOption = (): Option => new Option("-i, --inventory <path>", "inventory folder or file").env("HAWSER_INVENTORY").default("inventory/production");

export const extraVarsOption = (): Option => new Option("-e, --extra-vars <vars>", "key=value, or @file.yml; may be given more than once").argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
