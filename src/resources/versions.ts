/** How two versions of one package stand to each other: negative when `a` is older. */
export type Compare = (a: string, b: string) => number;

/** Debian policy 5.6.12: `[epoch:]upstream[-revision]`; `~` sorts before the end, letters before other characters. */
export const compareDebian: Compare = (a, b) => {
  const [left, right] = [splitDebian(a), splitDebian(b)];
  return left.epoch - right.epoch || compareDebianPart(left.upstream, right.upstream) || compareDebianPart(left.revision, right.revision);
};

function splitDebian(version: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = "0", rest = version] = /^(\d+):(.*)$/.exec(version) ?? [];
  const dash = rest.lastIndexOf("-");
  return { epoch: Number(epoch), upstream: dash === -1 ? rest : rest.slice(0, dash), revision: dash === -1 ? "0" : rest.slice(dash + 1) };
}

function compareDebianPart(a: string, b: string): number {
  for (let [left, right] = [a, b]; left !== "" || right !== ""; ) {
    const [textA = "", textB = ""] = [/^\D*/.exec(left)?.[0], /^\D*/.exec(right)?.[0]];
    for (let i = 0; i < Math.max(textA.length, textB.length); i++) {
      const difference = debianOrder(textA[i]) - debianOrder(textB[i]);
      if (difference !== 0) return difference;
    }
    [left, right] = [left.slice(textA.length), right.slice(textB.length)];
    const [digitsA = "", digitsB = ""] = [/^\d*/.exec(left)?.[0], /^\d*/.exec(right)?.[0]];
    const difference = compareDigits(digitsA, digitsB);
    if (difference !== 0) return difference;
    [left, right] = [left.slice(digitsA.length), right.slice(digitsB.length)];
  }
  return 0;
}

function debianOrder(char: string | undefined): number {
  if (char === "~") return -1;
  if (char === undefined) return 0;
  return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256;
}

/** Version numbers such as 20240131123456789 are longer than a float is exact. */
function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}

/** rpm's rpmvercmp over `[epoch:]version[-release]`; a part that one side lacks does not count. */
export const compareRpm: Compare = (a, b) => {
  const [left, right] = [splitRpm(a), splitRpm(b)];
  const bothReleases = left.release !== "" && right.release !== "";
  return left.epoch - right.epoch || compareRpmPart(left.version, right.version) || (bothReleases ? compareRpmPart(left.release, right.release) : 0);
};

export function splitRpm(version: string): { epoch: number; version: string; release: string } {
  const [, epoch = "0", body = version] = /^(\d+):(.*)$/.exec(version) ?? [];
  const dash = body.lastIndexOf("-");
  return { epoch: Number(epoch), version: dash === -1 ? body : body.slice(0, dash), release: dash === -1 ? "" : body.slice(dash + 1) };
}

const partsOf = (text: string): readonly string[] => text.match(/\d+|[A-Za-z]+|[~^]/g) ?? [];

function compareRpmPart(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [one, two] = [left[i], right[i]];
    if (one === two) continue;
    if (one === "~" || two === "~") return one === "~" ? -1 : 1;
    // A caret sorts after the end, and before anything else.
    if (one === "^" || two === "^") return one === "^" ? (two === undefined ? 1 : -1) : one === undefined ? -1 : 1;
    if (one === undefined || two === undefined) return one === undefined ? -1 : 1;
    const [digitsOne, digitsTwo] = [/^\d/.test(one), /^\d/.test(two)];
    if (digitsOne !== digitsTwo) return digitsOne ? 1 : -1;
    const difference = digitsOne ? compareDigits(one, two) : one < two ? -1 : one > two ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A pin is a whole version, or the beginning of one and `*`. */
export function matchesPin(version: string, pin: string): boolean {
  return pin.endsWith("*") ? version.startsWith(pin.slice(0, -1)) : version === pin;
}

/** rpm's versions have parts that a pin may leave out: epoch and release. */
export function matchesRpmPin(full: string, pin: string): boolean {
  const { epoch, version, release } = splitRpm(full);
  const bare = `${version}-${release}`;
  return [version, bare, `${epoch}:${version}`, `${epoch}:${bare}`].some((form) => matchesPin(form, pin));
}
