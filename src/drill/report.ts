import { escape } from "./chart.ts";
import type { Drilled } from "./drill.ts";
import { mediansText, shown, writtenText } from "./text.ts";
import { timelineSvg } from "./timeline-svg.ts";

/** Works without a script, in print, and in light and dark; colours that are told apart without red and green sight. */
const STYLE = `:root{color-scheme:light dark;--ink:#1c2430;--dim:#5b6675;--paper:#fff;--line:#d5dae1;--good:#2f7ed8;--bad:#d9541e;--off:#e8ebf0;--unknown:#9aa3af}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--dim:#9aa5b4;--paper:#14181f;--line:#38414e;--good:#5aa2f0;--bad:#ff8a4d;--off:#252c37;--unknown:#6b7684}}
body{margin:2rem auto;padding:0 1.5rem;max-width:1100px;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2.5rem 0 .5rem}p{margin:.3rem 0;max-width:75ch}.dim{color:var(--dim)}
.result{font-weight:600}.result.failed{color:var(--bad)}.result.ok{color:var(--good)}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}th,td{padding:.3rem 1.2rem .3rem 0;border-bottom:1px solid var(--line);text-align:left}td.n,th.n{text-align:right}tr.broken td{color:var(--bad);font-weight:600}
figure{margin:1rem 0;overflow-x:auto}svg{width:100%;min-width:640px;height:auto;font:12px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .name{text-anchor:end;dominant-baseline:middle}svg .tick{fill:var(--dim);font-size:11px}svg .mark{font-weight:600}
svg .good{fill:var(--good)}svg .bad{fill:var(--bad)}svg .off{fill:var(--off)}svg .unknown{fill:none;stroke:var(--unknown);stroke-dasharray:4 3}
svg .rule{stroke:var(--line)}svg .edge{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 3}svg path{fill:none;stroke-width:1.5}svg .median{stroke:var(--good)}svg .slow{stroke:var(--bad)}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;font-size:.85rem;color:var(--dim)}.key i{display:inline-block;width:.9em;height:.9em;margin-right:.4em;vertical-align:-.1em}`;

const KEY = [
  ["background:var(--good)", "as it must be; held; answered; median answer time"],
  ["background:var(--bad)", "not so; lost; answer time of the slowest hundredth"],
  ["background:var(--off)", "address not held"],
  ["border:1px dashed var(--unknown)", "could not be seen"],
] as const;

/** One page that needs nothing else, about one drill or several. */
export function reportHtml(drills: readonly Drilled[]): string {
  const [first] = drills;
  if (!first) throw new RangeError("a report is about at least one drill");
  const { kind } = first.timeline;
  const several = drills.length > 1;
  const medians = several ? `<p>${escape(mediansText(drills.map(({ figures }) => figures)))}.</p>` : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drill ${escape(kind)}, ${first.began.toISOString()}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Drill: ${escape(kind)}</h1>
<p class="dim">${first.began.toISOString().replace("T", " ").slice(0, 19)} UTC</p>
${medians}
${drills.map((each, i) => section(each, several ? `Drill ${i + 1} of ${drills.length}` : "Result")).join("\n")}
</body>
</html>
`;
}

function section({ timeline, figures, judged, writes, ok, what }: Drilled, title: string): string {
  const { scene, fault, healed } = timeline;
  const rows = judged.map((row) => `<tr${row.ok ? "" : ' class="broken"'}><td>${row.ok ? "✔" : "✖"} ${escape(row.name)}</td><td class="n">${escape(shown(row))}</td><td>${escape(row.limit)}</td></tr>`);
  return `<h2>${title}: <span class="result ${ok ? "ok" : "failed"}">${ok ? "ok" : "failed"}</span></h2>
<p>What was broken: ${escape(what)}. It lasted ${(healed - fault).toFixed(1)} s. Clients on ${escape(scene.client)} asked for a service of region ${escape(scene.service)}: ${figures.requestsSent} requests, ${figures.requestsLost} lost. Answer times include the way from the controller to ${escape(scene.client)}.</p>
<table><thead><tr><th>figure</th><th class="n">measured</th><th>limit</th></tr></thead><tbody>${rows.join("")}</tbody></table>
${writes.length === 0 ? "" : `<p>Hosts wrote meanwhile, and what was acknowledged was looked for on all of them afterwards:</p><ul>${writes.map((each) => `<li>${escape(writtenText(each))}</li>`).join("")}</ul>`}
<figure>${timelineSvg(timeline)}</figure>
<p class="key">${KEY.map(([style, text]) => `<span><i style="${style}"></i>${text}</span>`).join("")}</p>`;
}
