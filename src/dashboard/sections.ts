import { html, type Html } from "../report/html/html.ts";
import { bands, lineChart } from "./charts.ts";
import type { Line } from "./prometheus.ts";
import { topology } from "./topology.ts";
import { turnsOf, type Known, type LinkEnd, type Past, type View } from "./view.ts";
import { bits, bytes, milliseconds, moment, percent, plural, span, summaryOf, UNKNOWN } from "./words.ts";

/** Turns that are listed. */
const MOST_TURNS = 12;

/** What stands below the head of the page; each section is exchanged by itself when it has changed. */
export function sections(view: View, past: Past): Html {
  const { health, text } = summaryOf(view);
  return html`<section id="state" class="${health}"><p class="summary"><span class="sign" aria-hidden="true">${{ up: "✔", weak: "!", down: "✖", unknown: "?" }[health]}</span> ${text}</p><p class="dim">As ${view.source} sees it, <time data-time="${view.at}" data-seconds>${moment(view.at)}</time></p></section>
<section id="alerts">${alerts(view)}</section>
<section id="map"><h2>Regions</h2><div class="scroll">${topology(view)}</div>${holders(view)}</section>
<section id="links"><h2>Links</h2>${linkTable(view)}</section>
<section id="past"><h2>Over time</h2>${charts(past)}</section>
<section id="turns"><h2>Failovers and switches</h2>${turns(past)}</section>
<section id="replication"><h2>Replication</h2>${replication(view, past)}</section>
<section id="quorums"><h2>Quorums</h2>${quorums(view)}</section>`;
}

function alerts({ alerts: raised, at }: View): Html {
  if (raised.length === 0) return html`<h2 class="away">Alerts</h2>`;
  return html`<h2>${plural(raised.length, "alert")}</h2><ul class="alerts">${raised.map(({ labels, summary, since }) => html`<li class="${labels["severity"] === "critical" ? "down" : "weak"}"><span class="severity">${labels["severity"] ?? "alert"}</span> <b>${labels["alertname"] ?? ""}</b> <span>${summary}</span> <span class="dim">for ${span(Math.max(0, at - since))}</span></li>`)}</ul>`;
}

function holders({ vips }: View): Html {
  return html`${vips.map(({ address, holders: hosts }) => html`<p class="vip ${hosts.length === 1 ? "up" : "down"}"><b>${address}</b> is ${hosts.length === 0 ? "on no host that this monitor reaches" : hosts.length === 1 ? html`on <b>${hosts[0]}</b>` : html`on <b>${hosts.length} hosts at once</b>: ${hosts.join(", ")}`}</p>`)}`;
}

const state = (known: Known<boolean>, yes: string, no: string): Html => html`<td class="${known === undefined ? "unknown" : known ? "up" : "down"}"><span aria-hidden="true">${known === undefined ? "?" : known ? "✔" : "✖"}</span> ${known === undefined ? UNKNOWN : known ? yes : no}</td>`;
const figure = (text: string, bad = false): Html => html`<td class="n${text === UNKNOWN ? " unknown" : bad ? " weak" : ""}">${text}</td>`;

function linkTable({ links }: View): Html {
  if (links.length === 0) return html`<p class="none">No link is watched: no monitor has a gateway of another region among its targets.</p>`;
  const row = ({ host, peer, link, bfd, bgp, ipsec, tunnel, public: beside, sent, received, path, stale }: LinkEnd): Html => {
    const slow = tunnel.rtt !== undefined && tunnel.baseline !== undefined && tunnel.rtt > tunnel.baseline * 1.3;
    return html`<tr><th scope="row">${host} <span class="dim">to</span> ${peer}${link === undefined ? "" : html` <span class="dim">${link}</span>`}${stale ? html` <span class="old">states too old</span>` : ""}</th>${state(bfd, "up", "down")}${state(bgp, "established", "down")}${state(ipsec, "protected", "no SA")}${figure(milliseconds(tunnel.rtt), slow)}${figure(tunnel.baseline === undefined ? "not yet" : milliseconds(tunnel.baseline))}${figure(percent(tunnel.loss), (tunnel.loss ?? 0) > 0.001)}${figure(milliseconds(beside.rtt))}${figure(percent(beside.loss), (beside.loss ?? 0) > 0.001)}${figure(bits(sent))}${figure(bits(received))}<td class="${path === undefined ? "unknown" : path === "tunnel" ? "up" : "weak"}">${path ?? UNKNOWN}</td></tr>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Links, a row for each end"><table><thead><tr><th rowspan="2" scope="col">Link</th><th rowspan="2" scope="col">BFD</th><th rowspan="2" scope="col">BGP</th><th rowspan="2" scope="col">IPsec</th><th colspan="3" scope="colgroup">Through the tunnel</th><th colspan="2" scope="colgroup">Public way</th><th colspan="2" scope="colgroup">GRE traffic</th><th rowspan="2" scope="col">Path in use</th></tr><tr>${["round trip", "usual", "lost", "round trip", "lost", "sent", "received"].map((word) => html`<th class="n" scope="col">${word}</th>`)}</tr></thead><tbody>${links.map(row)}</tbody></table></div>`;
}

const named = (past: Past, name: string, wanted: (labels: Line["labels"]) => boolean = () => true): readonly Line[] => past.lines.filter(({ labels }) => labels["__name__"] === name && wanted(labels));
const between = ({ labels }: Line): string => `${labels["host"] ?? "?"} to ${labels["peer"] ?? labels["exported_region"] ?? "?"}`;

function charts(past: Past): Html {
  return html`<div class="grid">${lineChart(past, named(past, "link:rtt_seconds"), { title: "Round trip", name: (line) => `${between(line)}, ${line.labels["way"] ?? ""}`, value: milliseconds })}
${lineChart(past, named(past, "link:loss_ratio"), { title: "Lost packets, of 15 minutes", name: (line) => `${between(line)}, ${line.labels["way"] ?? ""}`, value: percent })}
${bands(past, named(past, "hawser_bfd_up"), { title: "BFD", name: between, one: "up", zero: "down", zeroIs: "bad" })}
${bands(past, named(past, "hawser_path_tunnel"), { title: "Path in use", name: between, one: "tunnel", zero: "public path", zeroIs: "bad" })}
${bands(past, named(past, "hawser_vip_holder"), { title: "Who has the address that moves", name: ({ labels }) => labels["host"] ?? "?", one: "has it", zero: "waits", zeroIs: "quiet" })}</div>`;
}

function turns(past: Past): Html {
  const all = turnsOf(past);
  if (all.length === 0) return html`<p class="none">None in this time.</p>`;
  return html`<ol class="turns">${all.slice(0, MOST_TURNS).map(({ at, text, bad }) => html`<li class="${bad ? "down" : "up"}"><time data-time="${at}" data-seconds>${moment(at)}</time> ${text}</li>`)}</ol>${all.length > MOST_TURNS ? html`<p class="dim">and ${all.length - MOST_TURNS} before</p>` : ""}<p class="dim">Seen every ${span(past.step)}: what came and went in between is not among them.</p>`;
}

function replication({ replication: slots }: View, past: Past): Html {
  if (slots.length === 0) return html`<p class="none">No database is watched.</p>`;
  const rows = slots.map(({ host, database, slot, active, lag, seconds, stale }) => html`<tr><th scope="row">${database} <span class="dim">on</span> ${host}${stale ? html` <span class="old">states too old</span>` : ""}</th><td>${slot}</td>${state(active, "taken", "nobody takes it")}${figure(bytes(lag), (lag ?? 0) > 16 * 1024 * 1024)}${figure(seconds === undefined ? UNKNOWN : milliseconds(seconds))}</tr>`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Replication slots"><table><thead><tr><th scope="col">Database</th><th scope="col">Slot</th><th scope="col">State</th><th scope="col" class="n">Not taken yet</th><th scope="col" class="n">Replayed after</th></tr></thead><tbody>${rows}</tbody></table></div>
<div class="grid">${lineChart(past, named(past, "hawser_pg_slot_lag_bytes"), { title: "Changes not taken yet", name: ({ labels }) => `${labels["host"] ?? "?"}, ${labels["slot"] ?? ""}`, value: bytes })}</div>`;
}

function quorums({ quorums: all }: View): Html {
  if (all.length === 0) return html`<p class="none">None is watched.</p>`;
  return html`<ul class="tiles">${all.map(({ what, host, well }) => html`<li class="${well ? "up" : "down"}"><span aria-hidden="true">${well ? "✔" : "✖"}</span> ${what} on ${host}: ${well ? "a majority" : "no majority"}</li>`)}</ul>`;
}
