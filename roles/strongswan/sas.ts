/** A security association of IKE, with those of ESP that it has made. */
export interface Sa {
  readonly state: string;
  /** As charon names it: `ECP_384`. */
  readonly group: string;
  readonly children: readonly { readonly state: string; readonly mode: string; readonly encap: string; readonly spi: string; readonly bytesIn: number }[];
}

/** A link's associations in what `swanctl --list-sas --raw` prints: one event a line, `{name {key=value … child-sas {name-1 {key=value …}}}}`. */
export function sasOf(out: string, link: string): readonly Sa[] {
  return out.split("\n").filter((line) => line.startsWith(`list-sa event {${link} {`)).map((line) => {
    const [own = "", inner = ""] = line.split(" child-sas {");
    return {
      state: word(own, "state"),
      group: word(own, "dh-group"),
      children: inner.split(/[\w.-]+-\d+ \{/).slice(1).map((text) => ({ state: word(text, "state"), mode: word(text, "mode"), encap: word(text, "encap") || "no", spi: word(text, "spi-in"), bytesIn: Number(word(text, "bytes-in")) })),
    };
  });
}

const word = (text: string, name: string): string => new RegExp(`(?:^|[ {])${name}=([^ {}]*)`).exec(text)?.[1] ?? "";

/** What groups are worth, in bits, by NIST SP 800-57. */
const STRENGTHS: Readonly<Record<string, number>> = {
  MODP_768: 64, MODP_1024: 80, MODP_1024_160: 80, MODP_1536: 96, MODP_2048: 112, MODP_3072: 128, MODP_4096: 152, MODP_6144: 176, MODP_8192: 200,
  ECP_256: 128, ECP_384: 192, ECP_521: 256, CURVE_25519: 128, CURVE_448: 224,
};

/** 0 for a group that is not known. */
export const strengthOf = (group: string): number => STRENGTHS[group] ?? 0;
