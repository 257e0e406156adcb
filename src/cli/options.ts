import { InvalidArgumentError, Option } from "commander";

/** What a command's action leaves behind. */
export interface Exit {
  code: number;
}

/** The inventory option that most commands share. */
export const inventoryOption = (): Option => new Option("-i, --inventory <path>", "inventory folder or file").env("HAWSER_INVENTORY").default("inventory/production");

export const extraVarsOption = (): Option => new Option("-e, --extra-vars <vars>", "key=value, or @file.yml; may be given more than once").argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);

/** Words that commas part; the option may be given more than once. */
export const list = (value: string, before: string[] = []): string[] => [...before, ...value.split(",").map((word) => word.trim()).filter((word) => word !== "")];

/** How much is shown: 0 to 3. */
export const verboseOption = (): Option =>
  new Option("-v, --verbose", "show also what is ok; -vv what is sent to be run, and how long it took; -vvv each exchange with a host").argParser((_: string, before: number | undefined) => Math.min(3, (before ?? 0) + 1));

/** A whole number from `smallest`. */
export function whole(smallest: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < smallest) throw new InvalidArgumentError(`a whole number from ${smallest} is expected.`);
    return number;
  };
}
