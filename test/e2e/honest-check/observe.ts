import { createHash } from "node:crypto";
import type { Facts, Kind, ResourceNode, z } from "hawser";
import { evaluable, fragment } from "../../../src/engine/fragment.ts";
import { factsProbe, parseFacts } from "../../../src/resources/facts-probe.ts";
import { quote } from "../../../src/shell/index.ts";
import type { E2eLab } from "../engine-fixture.ts";

/** What one resource's own probe says, without the engine in between. */
export interface Observation {
  readonly digest: string;
  /** What its plan would do about it: nothing, a change, or that it cannot tell. */
  readonly wants: "nothing" | "change" | "error";
}

/** Looks at every resource of a host by its own probe, in one script. */
export async function observe(lab: E2eLab, host: string, nodes: readonly ResourceNode[]): Promise<Map<string, Observation>> {
  const facts = await factsOf(lab, host);
  const looks = nodes.map((node) => evaluable(fragment(node.kind.probe(node.args, { facts }), node.user, () => {}), { strict: false }));
  const script = `one() { { { ( eval "$1" ) 2>/dev/null; printf '#%s' "$?"; } </dev/null | base64 | tr -d '\\n'; }; echo; }\n${looks.map((look) => `one ${quote(look)}\n`).join("")}`;
  const lines = (await lab.feed(host, script)).trimEnd().split("\n");
  if (lines.length !== nodes.length) throw new Error(`${lines.length} answers to ${nodes.length} probes on ${host}`);
  return new Map(nodes.map((node, i) => [node.id.slice(node.id.indexOf("/") + 1), observation(node, Buffer.from(lines[i] ?? "", "base64"), facts)]));
}

async function factsOf(lab: E2eLab, host: string): Promise<Facts> {
  return parseFacts({ out: await lab.feed(host, factsProbe.render()), err: "", code: 0 });
}

function observation(node: ResourceNode, bytes: Buffer, facts: Facts): Observation {
  const hash = bytes.lastIndexOf("#");
  const [out, code] = [bytes.subarray(0, hash), Number(bytes.subarray(hash + 1).toString())];
  const kind = node.kind as unknown as Kind<z.ZodType>;
  const digest = createHash("sha256").update(kind.compares === "code" ? "" : out).update(`#${code}`).digest("hex");
  try {
    return { digest, wants: kind.plan(node.args, { out: out.toString(), err: "", code }, { facts }) === undefined ? "nothing" : "change" };
  } catch {
    return { digest, wants: "error" };
  }
}
