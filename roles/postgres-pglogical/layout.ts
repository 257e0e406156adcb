import type { Facts } from "hawser";

/** Where a family of systems keeps PostgreSQL. */
export interface Layout {
  readonly packages: readonly string[];
  /** Folder of the programs. */
  readonly bin: string;
  readonly data: string;
  /** Folder of pg_hba.conf and conf.d. */
  readonly config: string;
  readonly unit: string;
  /** The unit that is enabled; Debian enables clusters by it. */
  readonly enabledUnit: string;
  /** Home of the user postgres. */
  readonly home: string;
  /** Folder of the server's socket. */
  readonly socket: string;
  /** Shell words that make the cluster. */
  readonly create: string;
}

export function layoutOf(family: Facts["family"], version: number): Layout {
  if (family === "debian") {
    return {
      packages: [`postgresql-${version}`, `postgresql-${version}-pglogical`],
      bin: `/usr/lib/postgresql/${version}/bin`,
      data: `/var/lib/postgresql/${version}/main`,
      config: `/etc/postgresql/${version}/main`,
      unit: `postgresql@${version}-main`,
      enabledUnit: "postgresql",
      home: "/var/lib/postgresql",
      socket: "/var/run/postgresql",
      create: `pg_createcluster ${version} main -e UTF8 --locale C`,
    };
  }
  return {
    packages: [`postgresql${version}-server`, `postgresql${version}`, `pglogical_${version}`],
    bin: `/usr/pgsql-${version}/bin`,
    data: `/var/lib/pgsql/${version}/data`,
    config: `/var/lib/pgsql/${version}/data`,
    unit: `postgresql-${version}`,
    enabledUnit: `postgresql-${version}`,
    home: "/var/lib/pgsql",
    socket: "/var/run/postgresql",
    create: `PGSETUP_INITDB_OPTIONS='--encoding=UTF8 --locale=C --data-checksums' /usr/pgsql-${version}/bin/postgresql-${version}-setup initdb`,
  };
}

/** Every place where a cluster of this version may be, for the fact that is read before the family is known. */
export const dataFolders = (version: number): readonly string[] => [layoutOf("debian", version).data, layoutOf("el", version).data];
