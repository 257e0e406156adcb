import { factsProbe, parseFacts } from "../resources/facts-probe.ts";
import type { Facts } from "../resources/facts.ts";
import { fragment } from "./fragment.ts";
import { Redactor } from "./redactor.ts";
import { Remote } from "./remote.ts";
import type { Session } from "./session.ts";

/** A host's facts, in one request. @param probeTimeout Seconds that the host may take. */
export async function readFacts(session: Session, probeTimeout = 30): Promise<Facts> {
  const remote = new Remote(session, { probeTimeout, onConnection: () => {} });
  const [look] = await remote.look([fragment(factsProbe, undefined, new Redactor().add)]);
  return parseFacts(look?.seen ?? { out: "", err: "", code: 1 });
}

/** For JSON.stringify: a set as the sorted list of its members. */
export function plainSets(_: string, value: unknown): unknown {
  return value instanceof Set ? [...(value as Set<string>)].sort((a, b) => (a < b ? -1 : 1)) : value;
}
