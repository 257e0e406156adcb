import type { SourceLine } from "../errors/index.ts";
import { HawserError } from "../errors/index.ts";
import { Value, type ValueState } from "../shell/index.ts";

/** Who waits for a value, so that a circle can be named. */
interface Waiter {
  readonly host: string;
  readonly id: string;
  readonly source: SourceLine;
  readonly value: Value<unknown>;
}

/** A value that will never be known; the resources that need it fail, and name it. */
export class ValueMissing extends HawserError {
  override readonly name = "ValueMissing";
}

const key = (host: string, role: string, name: string): string => `${host}\0${role}\0${name}`;

/** The values that hosts give one another, and who waits for them. */
export class ValueHub {
  readonly #exports = new Map<string, Value<unknown>>();
  readonly #finished = new Set<string>();
  /** Which export a value stands for. */
  readonly #origins = new WeakMap<ValueState, { readonly host: string; readonly key: string }>();
  readonly #waiting = new Set<Waiter>();
  #wake: (() => void)[] = [];
  /** Hosts at work now; when all of them wait, nobody can bring the values. */
  #working = 0;
  /** Called when somebody waits for the export of a host; brings it when this run does not work on that host. */
  onWanted: (host: string) => void = () => {};

  publish(host: string, role: string, name: string, value: Value<unknown>): void {
    this.#exports.set(key(host, role, name), value);
    this.notify();
  }

  /** The value that another host exports, also before it was declared there. */
  exported(host: string, role: string, name: string): Value<unknown> {
    const source = (): Value<unknown> | undefined => this.#exports.get(key(host, role, name));
    const finished = this.#finished;
    const label = `${host}: ${role}.${name}`;
    const state: ValueState = {
      label,
      get settled() {
        const value = source();
        return value?.known ? { value: value.get() } : undefined;
      },
      get failed() {
        const value = source();
        if (value) return value.state.failed ?? (finished.has(host) && !value.known ? `${host} ended without it` : undefined);
        return finished.has(host) ? `${host} did not declare it` : undefined;
      },
    };
    this.#origins.set(state, { host, key: key(host, role, name) });
    return Value.of(state);
  }

  /** The read's own value behind an export that was declared; any other value itself. */
  sourceOf(value: Value<unknown>): Value<unknown> {
    const origin = this.#origins.get(value.state);
    return (origin && this.#exports.get(origin.key)) ?? value;
  }

  /** A host began or ended its part; ended hosts bring no more values. */
  begin(host: string): void {
    this.#working++;
    this.#finished.delete(host);
  }

  end(host: string): void {
    this.#working--;
    this.#finished.add(host);
    this.notify();
  }

  /** A host takes no part: what it has not given by now it never will. */
  gone(host: string): void {
    this.#finished.add(host);
    this.notify();
  }

  notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  /**
   * Resolves when the value is known.
   * @throws ValueMissing when it will never be: its producer failed, or all hosts wait for one another.
   */
  async wait(waiter: Waiter): Promise<void> {
    const origin = this.#origins.get(waiter.value.state);
    if (origin && !waiter.value.known) this.onWanted(origin.host);
    this.#waiting.add(waiter);
    try {
      for (;;) {
        const { value } = waiter;
        if (value.known) return;
        if (value.state.failed !== undefined) throw new ValueMissing(`the value "${value.label}" will not be known: ${value.state.failed}`, { source: waiter.source, host: waiter.host, resource: waiter.id });
        if (this.#waiting.size >= this.#working && !this.#someoneCanGoOn()) throw this.#circle(waiter);
        // oxlint-disable-next-line promise/avoid-new
        await new Promise<void>((resolve) => {
          this.#wake.push(resolve);
        });
      }
    } finally {
      this.#waiting.delete(waiter);
      this.notify();
    }
  }

  #someoneCanGoOn(): boolean {
    return [...this.#waiting].some(({ value }) => value.known || value.state.failed !== undefined);
  }

  #circle(waiter: Waiter): ValueMissing {
    const others = [...this.#waiting].filter((other) => other !== waiter).map((other) => `${other.host} ${other.id} (${other.source.file}:${other.source.line}) waits for "${other.value.label}"`);
    return new ValueMissing(`the value "${waiter.value.label}" cannot be known: nobody who could bring it is still at work`, {
      source: waiter.source,
      host: waiter.host,
      resource: waiter.id,
      hint: others.length > 0 ? others.join("; ") : "its read stands after the resource that takes it, or in a play that comes later",
    });
  }
}
