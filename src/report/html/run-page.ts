import type { RunReport } from "../report-file.ts";
import type { RunRecord } from "../run-record.ts";
import { count, duration } from "../text.ts";
import { changeDetails } from "./changes.ts";
import { failureArticles, type OwnFailure } from "./failures.ts";
import { Groups } from "./groups.ts";
import { html, type Html } from "./html.ts";
import { matrix } from "./matrix.ts";
import { page, type Section } from "./page.ts";
import { recapTable } from "./recap-table.ts";
import { regionsPicture } from "./regions.ts";
import { timeline } from "./timeline.ts";
import { placed, stateOf } from "./words.ts";

/** A run as one page: failures first, then who fared how, when, where, and what was changed. */
export function* runHtml(report: RunReport): Iterable<string> {
  const { record, regions, cwd, broke } = report;
  const groups = new Groups(record);
  const own: OwnFailure[] = [
    ...(broke === undefined ? [] : [{ host: undefined, failure: { message: broke } }]),
    ...record.failures.map((failure) => ({ host: undefined, failure })),
    ...[...record.hosts.values()].flatMap(({ name, failures }) => failures.map((failure) => ({ host: name, failure }))),
  ];
  const regionOf = new Map(regions.map(({ name, region }) => [name, region]));
  const picture = regionsPicture(regions.map(({ name, region }) => ({ name, region, state: record.hosts.has(name) ? stateOf(record.recap?.hosts[name]) : undefined })), []);
  const warnings = warningsOf(record, cwd);
  const hasEntries = [...record.hosts.values()].some(({ entries }) => entries.size > 0);
  const sections: (Section | undefined)[] = [
    own.length + groups.failed.length === 0 ? undefined : { id: "failures", title: "Failures", count: own.length + groups.failed.length, pieces: section("failures", "Failures", failureArticles(own, groups.failed, cwd)) },
    warnings.length === 0 ? undefined : { id: "warnings", title: "Warnings", count: warnings.length, pieces: section("warnings", "Warnings", warnings) },
    { id: "hosts", title: "Hosts", count: record.hosts.size, pieces: section("hosts", "Hosts", recapTable(record, regionOf)) },
    picture && { id: "regions", title: "Regions", pieces: section("regions", "Regions", [picture]) },
    { id: "timeline", title: "Timeline", pieces: section("timeline", "Timeline", timeline({ record, groups, regionOf }), true) },
    hasEntries ? { id: "resources", title: "Resources", pieces: section("resources", "Hosts and resources", matrix({ record, groups, regionOf }), true) } : undefined,
    groups.changed.length === 0 ? undefined : { id: "changes", title: "Changes", count: groups.changed.length, pieces: section("changes", changesTitle(record), withOpeners(changeDetails(groups.changed, cwd))) },
  ];
  const { began } = record;
  yield* page({ title: `${nameOf(report)}, ${began.toISOString().slice(0, 16).replace("T", " ")} UTC`, header: header(report, groups), sections: sections.filter((each) => each !== undefined) });
}

const changesTitle = ({ start }: RunRecord): string => (start?.check === true ? "What a run would change" : "Changes");

function* withOpeners(pieces: Iterable<Html>): Iterable<Html> {
  yield html`<div class="tools"><button type="button" data-open="all">Open all</button><button type="button" data-open="none">Close all</button></div>\n`;
  yield* pieces;
}

/** @param keeps Whether a filter that no row fits leaves the rows as they are. */
export function* section(id: string, title: string, pieces: Iterable<Html>, keeps = false): Iterable<Html> {
  yield html`<section id="${id}" aria-labelledby="${id}-title"${keeps ? html` data-keep` : ""}>\n<h2 id="${id}-title">${title} <small class="dim shown" role="status"></small></h2>\n`;
  yield* pieces;
  yield html`</section>`;
}

const nameOf = ({ record: { start }, drift }: RunReport): string => `${drift === true ? "Drift from " : start?.check === true ? "Check of " : ""}${start?.playbook ?? "run"}`;

function header(report: RunReport, groups: Groups): Html {
  const { record, broke } = report;
  const { start, began, seconds, plays } = record;
  const check = start?.check === true;
  return html`<h1>${nameOf(report)}</h1>
<p>${verdict(record, groups, broke)}</p>
<p class="dim">${began.toISOString().replace("T", " ").slice(0, 19)} UTC, ${duration(seconds)}, ${count(record.hosts.size, "host")}, ${plays.length === 1 ? `play ${plays[0]?.play ?? ""}` : count(plays.length, "play")}${check ? "; nothing was changed" : ""}</p>`;
}

/** What happened, in one line. */
function verdict(record: RunRecord, groups: Groups, broke: string | undefined): Html {
  const states = [...record.hosts.keys()].map((name) => stateOf(record.recap?.hosts[name]));
  const having = (...wanted: string[]): number => states.filter((state) => wanted.includes(state)).length;
  const bad = [
    ...(having("failed") > 0 ? [`${count(having("failed"), "host")} failed`] : []),
    ...(having("unreachable") > 0 ? [`${having("unreachable")} unreachable`] : []),
    ...(having("unfinished") > 0 ? [`${having("unfinished")} unfinished`] : []),
  ];
  const rest = `${states.length - having("failed", "unreachable", "unfinished")} of ${count(states.length, "host")} came through`;
  if (broke !== undefined) return html`<span class="result bad">✖ The run broke off</span>: ${rest}.`;
  if (record.recap?.interrupted === true) return html`<span class="result bad">✖ Interrupted</span>: ${[...bad, rest].join(", ")}.`;
  if (bad.length > 0 || record.recap?.result === "failed") return html`<span class="result bad">✖ ${bad.join(", ") || "The run failed"}</span>; ${rest}.`;
  const changes = groups.changed.reduce((sum, { hosts }) => sum + hosts.length, 0);
  if (changes === 0) return html`<span class="result good">✔ No changes</span>: everything is as declared.`;
  const where = count(new Set(groups.changed.flatMap(({ hosts }) => hosts)).size, "host");
  const check = record.start?.check === true;
  return html`<span class="result ${check ? "pending" : "good"}">${check ? `~ ${count(changes, "change")} pending` : `✔ ${count(changes, "change")} made`}</span> on ${where}${check ? "." : ": everything is as declared now."}`;
}

function warningsOf(record: RunRecord, cwd: string): Html[] {
  const all = [...record.warnings.map((warning) => ({ host: "", ...warning })), ...[...record.hosts.values()].flatMap(({ name, warnings }) => warnings.map((warning) => ({ host: name, ...warning })))];
  const alike = new Map<string, { hosts: string[]; line: Html }>();
  for (const { host, message, source } of all) {
    const where = placed("at", source, cwd);
    const line = html`${message}${where === undefined ? "" : html` ${where}`}`;
    const group = alike.get(line.text) ?? { hosts: [], line };
    alike.set(line.text, group);
    if (host !== "") group.hosts.push(host);
  }
  return [...alike.values()].map(({ hosts, line }) => html`<p data-find="${["warning", ...hosts].join(" ")}">! <strong title="${hosts.join(", ")}">${hosts.length > 3 ? count(hosts.length, "host") : hosts.join(", ")}</strong> ${line}</p>\n`);
}
