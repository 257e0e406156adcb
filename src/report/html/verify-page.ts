import type { AssertionEvent } from "../../engine/events.ts";
import type { VerifyReport } from "../report-file.ts";
import type { HostState } from "../state.ts";
import type { VerifyRecord } from "../verify-record.ts";
import { count, duration } from "../text.ts";
import { failureArticles } from "./failures.ts";
import { html, type Html } from "./html.ts";
import { page, type Section } from "./page.ts";
import { regionsPicture, type Link } from "./regions.ts";
import { section } from "./run-page.ts";
import { placed } from "./words.ts";

/** A verification as one page: what is broken first, the regions with their links, and every measured value beside its limit. */
export function* verifyHtml({ record, regions, cwd }: VerifyReport): Iterable<string> {
  const { assertions, failures, warnings, verified } = record;
  const broken = assertions.filter(({ ok }) => !ok);
  const states = statesOf(record);
  const picture = regionsPicture(regions.map(({ name, region }) => ({ name, region, state: states.get(name) })), assertions.flatMap(linkOf));
  const own = failures.map((failure) => ({ failure, host: failure.host }));
  const sections: (Section | undefined)[] = [
    own.length === 0 ? undefined : { id: "failures", title: "Failures", count: own.length, pieces: section("failures", "Failures", failureArticles(own, [], cwd)) },
    broken.length === 0 ? undefined : { id: "broken", title: "Broken", count: broken.length, pieces: section("broken", "Broken limits", brokenArticles(broken, cwd)) },
    picture && { id: "regions", title: "Regions", pieces: section("regions", "Regions", [picture]) },
    { id: "limits", title: "Limits", count: assertions.length, pieces: section("limits", "Limits", limitTable([...broken, ...assertions.filter(({ ok }) => ok)])) },
    warnings.length === 0 ? undefined : { id: "warnings", title: "Warnings", count: warnings.length, pieces: section("warnings", "Warnings", warnings.map(({ host, message, source }) => html`<p data-find="${host} warning">! <strong>${host}</strong> ${message} ${placed("at", source, cwd)}</p>\n`)) },
  ];
  const away = verified.unreachable.length + verified.failed.length;
  const result = broken.length + away === 0 ? html`<span class="result good">✔ ${count(verified.asserted, "limit")} kept</span>: everything works as the roles assert` : html`<span class="result bad">✖ ${[...(broken.length === 0 ? [] : [`${broken.length} of ${count(verified.asserted, "limit")} broken`]), ...(away === 0 ? [] : [`${count(away, "host")} could not be looked at`])].join(", ")}</span>`;
  const header = html`<h1>Verification of ${record.playbook}</h1>
<p>${result}.</p>
<p class="dim">${record.began.toISOString().replace("T", " ").slice(0, 19)} UTC, ${duration(verified.seconds)}, ${count(verified.hosts, "host")}; nothing was changed</p>`;
  yield* page({ title: `Verification of ${record.playbook}, ${record.began.toISOString().slice(0, 16).replace("T", " ")} UTC`, header, sections: sections.filter((each) => each !== undefined) });
}

function statesOf({ assertions, verified }: VerifyRecord): Map<string, HostState> {
  const states = new Map<string, HostState>();
  for (const { host, ok } of assertions) if (!ok || !states.has(host)) states.set(host, ok ? "ok" : "failed");
  for (const host of verified.unreachable) states.set(host, "unreachable");
  for (const host of verified.failed) states.set(host, "failed");
  return states;
}

function linkOf(assertion: AssertionEvent): Link[] {
  const { host, link, ok, name } = assertion;
  return link === undefined ? [] : [{ from: host, to: link, up: ok, said: `${host}: ${name}: ${measured(assertion)}` }];
}

function measured({ value, unit }: AssertionEvent): string {
  if (value === null) return "nothing";
  const shown = typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  return [String(shown), unit].filter((part) => part !== "").join(" ");
}

const hostOf = ({ host }: AssertionEvent): string => (host === "*" ? "all hosts" : host);

function* brokenArticles(broken: readonly AssertionEvent[], cwd: string): Iterable<Html> {
  for (const each of broken) {
    const { role, name, limit, cause, hint, source } = each;
    yield html`<article class="failure" data-find="${[hostOf(each), role, name, "broken"].join(" ")}">
<h3><span class="word failed">✖ broken</span> ${hostOf(each)} <span class="id">${role}: ${name}</span></h3>
<p class="message">measured ${measured(each)}, limit ${limit}</p>
<p>${cause === undefined ? "" : html`${cause}, `}${placed("asserted at", source, cwd)}</p>${hint === undefined ? "" : html`<p class="try"><strong>Try:</strong> ${hint}</p>`}
</article>
`;
  }
}

function* limitTable(assertions: readonly AssertionEvent[]): Iterable<Html> {
  yield html`<div class="scroll" tabindex="0" role="group" aria-label="Limits"><table><thead><tr><th scope="col"></th><th scope="col">host</th><th scope="col">role</th><th scope="col">assertion</th><th scope="col" class="n">measured</th><th scope="col">limit</th></tr></thead><tbody>
`;
  for (const each of assertions) yield html`<tr${each.ok ? "" : html` class="broken"`} data-find="${[hostOf(each), each.role, each.name, each.ok ? "kept" : "broken"].join(" ")}"><td>${each.ok ? "✔" : "✖"}</td><td>${hostOf(each)}</td><td>${each.role}</td><td class="wrap">${each.name}</td><td class="n">${measured(each)}</td><td>${each.limit}</td></tr>\n`;
  yield html`</tbody></table></div>`;
}
