const SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600 };
const LONGEST = 24 * 3600;

/** What a time to keep connections open looks like; in the inventory and on the command line alike. */
export const KEEP_OPEN_WANTED = "must be a duration up to 24h, such as 90s, 10m or 1h30m, or off";

/** Reads a time to keep connections open: seconds, where 0 is `off` and a number without a unit counts seconds. Undefined when it is none. */
export function parseKeepOpen(text: string): number | undefined {
  if (text === "off") return 0;
  if (text === "" || !/^(?:\d{1,6}|(?:\d{1,6}h)?(?:\d{1,6}m)?(?:\d{1,6}s)?)$/.test(text)) return undefined;
  const seconds = [...text.matchAll(/(\d+)([smh]?)/g)].reduce((total, [, count, unit = ""]) => total + Number(count) * (SECONDS[unit] ?? 1), 0);
  return seconds > LONGEST ? undefined : seconds;
}
