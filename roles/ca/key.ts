import { Sh, sh } from "hawser";
import { leafPaths } from "./paths.ts";

/** Makes a key on its host, and a request for it. Both are used once their certificate is there. */
export const keyScript = (name: string, host: string): Sh => Sh.lines(
  sh`umask 077
cd ${leafPaths(name).folder}`,
  Sh.raw("openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out next.pem.new"),
  sh`openssl req -new -sha256 -key next.pem.new -subj ${`/CN=${host.slice(0, 64)}`} -config /dev/stdin -out next-request.pem`.stdin("[req]\ndistinguished_name = dn\n[dn]\n"),
  Sh.raw("mv -f next.pem.new next.pem"),
);

/** Exits 0 when there is a key that waits for its certificate. */
export const keyWaits = (name: string): Sh => sh`{ [ -s ${`${leafPaths(name).folder}/next.pem`} ] && [ -s ${`${leafPaths(name).folder}/next-request.pem`} ]; }`;
