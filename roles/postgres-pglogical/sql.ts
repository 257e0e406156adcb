import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { type Secret, Sh, sh } from "hawser";

/** An identifier. Always quoted, so that no word is taken for a keyword and no name is folded to lower case. */
export function ident(name: string): string {
  if (name === "" || name.includes("\0")) throw new TypeError("an SQL identifier is neither empty nor holds a NUL byte");
  return `"${name.replaceAll('"', '""')}"`;
}

/** `schema.table`, or `table` for one in `public`. */
export function tableName(name: string): string {
  const [schema, table] = name.includes(".") ? [name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1)] : ["public", name];
  return `${ident(schema)}.${ident(table)}`;
}

/** A text literal, right whatever `standard_conforming_strings` is. */
export function literal(text: string): string {
  if (text.includes("\0")) throw new TypeError("an SQL literal holds no NUL byte");
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** A text value in postgresql.conf. */
export function confValue(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** A value of a connection string. */
export function dsnValue(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}

/** One field of a password file. */
export function passField(text: string): string {
  return text.replaceAll(/[\\:]/g, "\\$&");
}

const ITERATIONS = 4096;

/** What PostgreSQL keeps of a password (RFC 5802), so that the password itself never reaches the server or its log. */
export function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const hmac = (text: string): Buffer => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${stored}:${hmac("Server Key").toString("base64")}`;
}

/** Made from public names: the same for the same user, so that a probe can compare, and no two hosts share one. */
export function saltFor(host: string, user: string): Buffer {
  return createHash("sha256").update(JSON.stringify(["hawser", host, user])).digest().subarray(0, 16);
}

/** psql of one server, for the user postgres. SQL goes in by standard input: nothing of it stands in the process list. */
export class Psql {
  /** Words of the command before its options. */
  readonly #program: readonly string[];
  readonly #port: number;

  constructor(program: readonly string[], port: number) {
    this.#program = program;
    this.#port = port;
  }

  /** For what root runs in the midst of other commands. */
  asRoot(): Psql {
    return new Psql(["runuser", "-u", "postgres", "--", ...this.#program], this.#port);
  }

  /** Prints the rows, columns separated by `|`. Exits 3 on an error in the SQL, 2 without a connection. */
  run(database: string, sql: string | Secret): Sh {
    return sh`${this.#program} -XAtq -v ON_ERROR_STOP=1 -p ${this.#port} -d ${database}`.stdin(sql);
  }

  /** For applies: what functions return is not shown. */
  quiet(database: string, sql: string | Secret): Sh {
    return sh`${this.#program} -XAtq -v ON_ERROR_STOP=1 -p ${this.#port} -d ${database} >/dev/null`.stdin(sql);
  }

  /** Exits 0 when the last row is true, 1 when it is false or there is none, 2 when it could not be asked. */
  holds(database: string, sql: string | Secret): Sh {
    return Sh.lines(sh`r=$(${this.run(database, sql)}) || exit 2`, Sh.raw('[ "$r" = t ]'));
  }
}

/** A condition on a table that may not be there yet; then it is false. */
export function whenThere(relation: string, condition: string): string {
  return `select to_regclass(${literal(relation)}) is not null as there \\gset
\\if :there
select ${condition};
\\else
select false;
\\endif
`;
}
