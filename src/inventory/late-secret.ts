import { Secret } from "../shell/index.ts";

/** A secret that is fetched while the rest of the inventory is read. */
export class LateSecret extends Secret {
  #value: string | undefined;

  constructor() {
    super("");
  }

  settle(value: string): void {
    this.#value = value;
  }

  override get known(): boolean {
    return this.#value !== undefined;
  }

  override reveal(): string {
    if (this.#value === undefined) throw new Error("this secret was not fetched");
    return this.#value;
  }
}
