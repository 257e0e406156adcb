/** Colours that are told apart without red and green sight; the words and signs beside them say the same. */
export const STYLE = `:root{color-scheme:light dark;--ink:#1c2430;--dim:#5b6675;--paper:#fff;--raised:#f6f7f9;--line:#d5dae1;--focus:#1f6feb;
--ok:#a9d3b8;--changed:#2f7ed8;--unknown:#8a56cf;--skipped:#dde1e7;--failed:#d9541e;--bad-ink:#b23c0c;--good-ink:#1d6b3c;--change-ink:#1d5fae;--unknown-ink:#6d3bb0;
--connecting:#bcc7d6;--facts:#9fb3cc;--probing:#8ec5c9;--planning:#c9b8dd;--applying:#f0d9a8;--waiting:#eceff3;--proving:#a9d3b8;--reconnecting:#f0a184;
--add:#e3f4e8;--add-mark:#9fdcb2;--cut:#fbe7e1;--cut-mark:#f3b49f}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--dim:#a0aab8;--paper:#14181f;--raised:#1b212a;--line:#343d4a;--focus:#79b0ff;
--ok:#2f5d43;--changed:#5aa2f0;--unknown:#b08ae6;--skipped:#313946;--failed:#ff7f4a;--bad-ink:#ff9a70;--good-ink:#7fd0a0;--change-ink:#8fc0f7;--unknown-ink:#c9aef0;
--connecting:#46546a;--facts:#4d6788;--probing:#2e6d73;--planning:#5b4a75;--applying:#6b5626;--waiting:#222933;--proving:#2f5d43;--reconnecting:#8a4329;
--add:#173325;--add-mark:#2b6a45;--cut:#3a211a;--cut-mark:#7d3a25}}
*{box-sizing:border-box}html{scroll-padding-top:4.5rem}
body{margin:0 auto;padding:0 1.5rem 4rem;max-width:1240px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:1.5rem 0 .2rem;line-height:1.25}h2{font-size:1.2rem;margin:2.6rem 0 .6rem}h3{font-size:1rem;margin:0}p{margin:.3rem 0;max-width:80ch}.dim{color:var(--dim)}
code,pre,.id{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.87em;overflow-wrap:anywhere}
a{color:var(--change-ink)}:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:3px}
.result{font-weight:600}.bad{color:var(--bad-ink)}.good{color:var(--good-ink)}.pending{color:var(--change-ink)}
.bar{position:sticky;top:0;z-index:5;display:flex;flex-wrap:wrap;gap:.4rem 1.1rem;align-items:center;padding:.6rem 0;background:var(--paper);border-bottom:1px solid var(--line)}
.bar a{text-decoration:none}.bar a:hover{text-decoration:underline}.bar label{margin-left:auto;color:var(--dim)}
input[type=search]{font:inherit;width:17rem;max-width:55vw;padding:.25rem .6rem;color:inherit;background:var(--raised);border:1px solid var(--line);border-radius:6px}
button{font:inherit;font-size:.85rem;padding:.15rem .7rem;color:inherit;background:var(--raised);border:1px solid var(--line);border-radius:6px;cursor:pointer}button:hover{border-color:var(--dim)}
.tools{display:flex;flex-wrap:wrap;gap:.4rem;align-items:center;margin:.4rem 0}.tools output,.tools .said{color:var(--dim);font-size:.9rem;min-height:1.5em}
[hidden]{display:none!important}
.failure{margin:.8rem 0;padding:.8rem 1rem;background:var(--raised);border:1px solid var(--line);border-left:4px solid var(--failed);border-radius:6px}
.failure .message{font-weight:600;color:var(--bad-ink);margin:.35rem 0;white-space:pre-wrap}.failure .try{margin-top:.5rem}
pre{margin:.5rem 0;padding:.6rem .8rem;max-height:32rem;overflow:auto;background:var(--paper);border:1px solid var(--line);border-radius:6px;line-height:1.45;overflow-wrap:normal;tab-size:4}
.diff span{display:inline-block;min-width:100%}.diff .new{background:var(--add)}.diff .old{background:var(--cut)}.diff .head{font-weight:600}.diff .hunk,.diff .note{color:var(--dim)}
.diff mark{color:inherit;border-radius:2px}.diff .new mark{background:var(--add-mark)}.diff .old mark{background:var(--cut-mark)}
.word{font-weight:600;white-space:nowrap}.word.failed,.word.unreachable,.word.unfinished{color:var(--bad-ink)}.word.changed,.word.would-change,.word.rescued{color:var(--change-ink)}.word.unknown{color:var(--unknown-ink)}.word.ok{color:var(--good-ink)}.word.skipped{color:var(--dim)}
details.change{border-bottom:1px solid var(--line);content-visibility:auto;contain-intrinsic-size:auto 2.2rem}
details.change>summary{display:flex;gap:.2rem .9rem;flex-wrap:wrap;align-items:baseline;padding:.4rem .2rem;cursor:pointer;list-style:none}details.change>summary::-webkit-details-marker{display:none}
details.change>summary::before{content:"▸";color:var(--dim);width:.8em}details.change[open]>summary::before{content:"▾"}details.change>summary:hover{background:var(--raised)}
details.change .on{margin-left:auto;color:var(--dim);text-align:right}details.change .more{padding:0 .2rem .8rem 1.7rem}
.scroll{overflow:auto;max-width:100%;width:fit-content;max-height:26rem;border:1px solid var(--line);border-radius:6px;padding:0 .8rem}.scroll thead th{position:sticky;top:0;background:var(--paper);z-index:1}.scroll tr:last-child>*{border-bottom:0}table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.28rem 1.1rem .28rem 0;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap;vertical-align:top}
thead th{color:var(--dim);font-weight:500}td.n,th.n{text-align:right}td.zero{color:var(--dim)}td.wrap{white-space:normal}tr.broken td{color:var(--bad-ink)}
.lanes{max-height:70vh;overflow:auto;border:1px solid var(--line);border-radius:6px;background:var(--paper)}.lanes.grid{width:fit-content;max-width:100%}.lanes .lane{display:flex;width:max-content;min-width:100%}
.lanes .name{position:sticky;left:0;z-index:1;flex:none;width:11.5rem;padding:0 .7rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;background:var(--paper);border-right:1px solid var(--line);font-size:.85rem;line-height:22px}
.lanes .lane:hover,.lanes .lane:hover .name{background:var(--raised)}.lanes .head,.lanes .head .name{position:sticky;top:0;z-index:2;background:var(--paper)}.lanes .head .name{z-index:3}
.lanes .track{flex:auto;width:var(--track,0)}.lanes svg{display:block;overflow:visible}.time svg{width:100%}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .tick{fill:var(--dim);font-size:11px}svg .rule{stroke:var(--line)}
.ok{fill:var(--ok)}.changed,.would-change,.rescued{fill:var(--changed)}.unknown{fill:var(--unknown)}.skipped{fill:var(--skipped)}.failed,.unreachable,.unfinished{fill:var(--failed)}
${["connecting", "facts", "probing", "planning", "applying", "waiting", "proving", "reconnecting"].map((phase) => `.${phase}{fill:var(--${phase})}`).join("")}
svg rect.here{stroke:var(--ink);stroke-width:2}svg .apply{stroke:var(--paper);stroke-width:.5}svg .slant{font-size:11px}svg .band{fill:var(--skipped)}svg g:nth-child(odd)>.band{fill:var(--line)}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.85rem;color:var(--dim);max-width:none}.key svg{width:.95em;height:.95em;margin-right:.4em;vertical-align:-.12em}
.regions{margin:.5rem 0;overflow-x:auto}.regions svg{width:100%;min-width:34rem;height:auto;max-height:34rem}.regions .region{fill:var(--raised);stroke:var(--line)}.regions .title{font-size:14px;font-weight:600}.regions .link{stroke-width:3}.regions .up{stroke:var(--changed)}.regions .down{stroke:var(--failed);stroke-dasharray:7 5}.regions .label{font-size:12px;text-anchor:middle}.regions .plate{fill:var(--paper)}.regions .away{fill:none;stroke:var(--dim)}
.none{color:var(--dim);font-style:italic}
@media(max-width:700px){.bar label{margin-left:0}.lanes .name{width:7rem}}
@media print{:root{color-scheme:light}body{max-width:none;padding:0}.bar,.tools button{display:none}.lanes,.scroll,pre{max-height:none;overflow:visible}.failure,tr,details.change{break-inside:avoid}details.change{content-visibility:visible}.lanes .head,.lanes .name{position:static}a{color:inherit;text-decoration:none}*{print-color-adjust:exact}}`;
