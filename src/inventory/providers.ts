import pLimit, { type LimitFunction } from "p-limit";
import { COMMAND_SECONDS, runForSecret } from "./secret-command.ts";
import type { Surroundings } from "./surroundings.ts";

/** Programs that run at a time: each may open a session of its own with a password store. */
const AT_A_TIME = 8;

/** Runs the programs of `!command`: each distinct one once, several at a time. */
export class Providers {
  readonly #around: Surroundings;
  readonly #runs = new Map<string, Promise<string>>();
  readonly #limit: LimitFunction = pLimit(AT_A_TIME);

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** @param cwd Where it runs. @throws Error that says why there is no secret */
  async run(argv: readonly string[], cwd: string): Promise<string> {
    const id = JSON.stringify([cwd, ...argv]);
    const known = this.#runs.get(id) ?? this.#limit(() => this.#fresh(argv, cwd));
    this.#runs.set(id, known);
    return await known;
  }

  async #fresh(argv: readonly string[], cwd: string): Promise<string> {
    const { env } = this.#around;
    const { HAWSER_SECRET_TIMEOUT: wanted = "" } = env;
    if (wanted !== "" && !(Number(wanted) > 0)) throw new Error(`HAWSER_SECRET_TIMEOUT must be a number of seconds, not "${wanted}"`);
    const printed = await runForSecret(argv, { env, cwd }, wanted === "" ? COMMAND_SECONDS : Number(wanted));
    if (printed.trim() === "") throw new Error(`${argv[0] ?? ""} printed nothing`);
    return printed;
  }
}
