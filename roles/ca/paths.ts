/** What the CA's host has; closed to all but root. */
export const AUTHORITY = "/etc/hawser-ca";
/** The number of the generation that signs. */
export const ACTIVE = `${AUTHORITY}/active`;
/** Key, certificate and database of one generation. */
export const generationFolder = (generation: number): string => `${AUTHORITY}/${generation}`;
/** What a host was given last, by the name of the service. */
export const issuedFolder = (host: string, name: string): string => `${AUTHORITY}/issued/${host}/${name}`;

/** Keys and certificates of a host's services. Not in /etc/hawser, which is closed to all but root. */
export const LEAVES = "/etc/hawser-tls";

/** Where the key and the certificate of a service are. */
export interface LeafPaths {
  readonly folder: string;
  readonly key: string;
  readonly certificate: string;
  /** Certificates of all CAs that are trusted; two while one takes the other's place. */
  readonly trusted: string;
  /** Certificate and key in one file, where that was asked for. */
  readonly joined: string;
}

export const leafPaths = (name: string): LeafPaths => {
  const folder = `${LEAVES}/${name}`;
  return { folder, key: `${folder}/key.pem`, certificate: `${folder}/cert.pem`, trusted: `${folder}/trusted.pem`, joined: `${folder}/joined.pem` };
};
