import type { ResourceNode } from "../dsl/items.ts";
import type { KindContext } from "../resources/contract.ts";
import { ValuePending } from "../shell/index.ts";
import { fragment, type Fragment, type Look } from "./fragment.ts";
import type { Redactor } from "./redactor.ts";

const keyOf = (look: Fragment): string => `${look.user ?? ""}\0${look.text}`;

/** What is known of a host: resources whose probes have one text and user share one look. */
export class LookBook {
  readonly #fragments = new Map<ResourceNode, Fragment>();
  readonly #seen = new Map<string, Look>();
  readonly context: KindContext;
  readonly #redactor: Redactor;

  constructor(context: KindContext, redactor: Redactor) {
    this.context = context;
    this.#redactor = redactor;
  }

  /** @throws ValuePending while the probe needs a value that is not known. */
  fragment(node: ResourceNode): Fragment {
    const known = this.#fragments.get(node);
    if (known) return known;
    const made = fragment(node.kind.probe(node.args, this.context), node.user, this.#redactor.add);
    this.#fragments.set(node, made);
    return made;
  }

  key(node: ResourceNode): string {
    return keyOf(this.fragment(node));
  }

  /** Undefined when it was not looked at yet. */
  get(node: ResourceNode): Look | undefined {
    return this.#seen.get(this.key(node));
  }

  /** As `get`, and undefined also while the probe needs a value that is not known. */
  find(node: ResourceNode): Look | undefined {
    const made = this.#fragments.get(node);
    return made && this.#seen.get(keyOf(made));
  }

  /** The distinct looks of these resources, without those whose probes wait for a value. */
  fragments(nodes: readonly ResourceNode[]): Fragment[] {
    const distinct = new Map<string, Fragment>();
    for (const node of nodes) {
      try {
        const look = this.fragment(node);
        distinct.set(keyOf(look), look);
      } catch (error) {
        if (!(error instanceof ValuePending)) throw error;
      }
    }
    return [...distinct.values()];
  }

  record(fragments: readonly Fragment[], looks: readonly (Look | undefined)[]): void {
    fragments.forEach((look, i) => {
      const seen = looks[i];
      if (seen) this.#seen.set(keyOf(look), seen);
    });
  }
}

/** Looks that are expected but not made yet: what changes queued before will leave behind. */
export class Expectations {
  readonly #expected = new Map<string, Look | "unforeseeable">();

  set(key: string, look: Look | undefined): void {
    this.#expected.set(key, look ?? "unforeseeable");
  }

  get(key: string): Look | "unforeseeable" | undefined {
    return this.#expected.get(key);
  }
}
