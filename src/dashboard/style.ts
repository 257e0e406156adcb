/** Colours that are told apart without red and green sight; words and signs beside them say the same. */
export const STYLE = `:root{color-scheme:light dark;--ink:#18202b;--dim:#5a6675;--paper:#f4f6f9;--card:#fff;--line:#d9dfe7;--focus:#1f6feb;
--up:#1f7a4d;--up-soft:#dff2e7;--weak:#8f5a00;--weak-soft:#fcefd3;--down:#b3350a;--down-soft:#fce4da;--unknown:#6a3fb0;--unknown-soft:#ece4f8;--use:#1d5fae;
--c0:#1d5fae;--c1:#b3350a;--c2:#1f7a4d;--c3:#6a3fb0;--c4:#8f5a00;--c5:#0b7285}
@media(prefers-color-scheme:dark){:root{--ink:#e7ebf1;--dim:#9fabba;--paper:#0f141b;--card:#171e27;--line:#2d3744;--focus:#79b0ff;
--up:#6fd09b;--up-soft:#15301f;--weak:#f0b95a;--weak-soft:#362a12;--down:#ff8e63;--down-soft:#3b1c12;--unknown:#c4a6f2;--unknown-soft:#291f3b;--use:#86bcf7;
--c0:#86bcf7;--c1:#ff8e63;--c2:#6fd09b;--c3:#c4a6f2;--c4:#f0b95a;--c5:#66d9e8}}
*{box-sizing:border-box}body{margin:0 auto;padding:0 1.5rem 4rem;max-width:1320px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline;padding:1.3rem 0 .8rem}h1{font-size:1.35rem;margin:0;letter-spacing:-.01em}h1 span{color:var(--dim);font-weight:400}
h2{font-size:1rem;margin:0 0 .7rem;font-weight:600}p{margin:.2rem 0}.dim{color:var(--dim);font-weight:400}.none{color:var(--dim)}.away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
nav{margin-left:auto;display:flex;align-items:center;gap:.3rem;font-size:.9rem}nav span{color:var(--dim);margin-right:.3rem}
nav a{color:inherit;text-decoration:none;padding:.15rem .7rem;border:1px solid var(--line);border-radius:999px;background:var(--card)}nav a:hover{border-color:var(--dim)}nav a[aria-current]{background:var(--ink);color:var(--paper);border-color:var(--ink)}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:4px}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.1rem 1.3rem;margin:0 0 1rem}section:has(>.away:only-child){display:none}
#state{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;gap:.2rem 1.5rem;border-width:1px 1px 1px 6px}.summary{font-size:1.2rem;font-weight:600}
#state.up{border-left-color:var(--up)}#state.weak{border-left-color:var(--weak)}#state.down{border-left-color:var(--down)}#state.unknown{border-left-color:var(--unknown)}
#state.up .sign{color:var(--up)}#state.weak .sign{color:var(--weak)}#state.down .summary{color:var(--down)}#state.unknown .sign{color:var(--unknown)}
.alerts,.turns,.tiles,.legend{list-style:none;margin:0;padding:0}.alerts li{padding:.45rem .8rem;border-radius:8px;margin:.3rem 0}.alerts .down{background:var(--down-soft)}.alerts .weak{background:var(--weak-soft)}
.severity{font-size:.75rem;text-transform:uppercase;letter-spacing:.05em;font-weight:600}.alerts .down .severity{color:var(--down)}.alerts .weak .severity{color:var(--weak)}
.scroll{overflow-x:auto}.map{display:block;width:100%;min-width:46rem;height:auto;max-height:34rem;margin:0 auto}
svg text{fill:var(--ink);font-size:14px;font-family:inherit}.region rect{fill:var(--paper);stroke:var(--line);stroke-width:1.5}.region.silent rect{stroke:var(--down);stroke-dasharray:6 5}.region .title{font-size:17px;font-weight:650}
.host .note{fill:var(--dim);font-size:12.5px;text-anchor:end}.host circle{fill:var(--up)}.host.down circle{fill:none;stroke:var(--down);stroke-width:3}.host.down .note{fill:var(--down);font-weight:600}.host.unknown circle{fill:none;stroke:var(--unknown);stroke-width:2.5;stroke-dasharray:3 3}.host.unknown .note{fill:var(--unknown)}
.mark{fill:var(--use);font-weight:700;font-size:12px}.way{stroke:var(--up);stroke-width:2.5;stroke-linecap:round}.way.weak{stroke:var(--weak)}.way.down{stroke:var(--down);stroke-dasharray:2 9}.way.unknown{stroke:var(--unknown);stroke-dasharray:8 8}.way.beside{stroke-width:1.5;opacity:.75}.way.active{stroke-width:6;opacity:1}
.flow{stroke:var(--card);stroke-width:2.5;stroke-dasharray:3 21;stroke-linecap:round}@media(prefers-reduced-motion:no-preference){.flow{animation:flow 1.2s linear infinite}@keyframes flow{to{stroke-dashoffset:-24}}}
.plate rect{fill:var(--card);stroke:var(--up);stroke-width:1.5}.plate.weak rect{stroke:var(--weak)}.plate.down rect{stroke:var(--down);fill:var(--down-soft)}.plate.unknown rect{stroke:var(--unknown);stroke-dasharray:5 4}
.plate text{text-anchor:middle}.plate .name{font-weight:600}.plate .figures{fill:var(--dim);font-size:13px}.plate .up .sign{fill:var(--up)}.plate .weak .sign{fill:var(--weak)}.plate .down .name,.plate .down .sign{fill:var(--down)}.plate .unknown .sign{fill:var(--unknown)}.plate .use{fill:var(--use);font-size:12px}
.vip{text-align:center;margin-top:.6rem}.vip.down{color:var(--down)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%;font-size:.93rem}th,td{padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}tbody tr:last-child>*{border-bottom:0}thead th{color:var(--dim);font-weight:500;font-size:.85rem;padding-top:0}tbody th{font-weight:600}.n{text-align:right}thead th[colspan]{text-align:center;border-bottom-color:transparent}
td.up{color:var(--up)}td.weak{color:var(--weak);font-weight:600}td.down{color:var(--down);font-weight:600}td.unknown{color:var(--unknown);font-style:italic}.old{color:var(--unknown);font-weight:600;font-size:.8rem}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,34rem),1fr));gap:1.2rem 2rem}.chart{margin:0;min-width:0}.scroll+.grid{margin-top:1.2rem}.chart svg{width:100%;height:auto;display:block}figcaption{font-weight:600;font-size:.9rem;margin-bottom:.3rem}
.chart .grid{stroke:var(--line)}.chart text{font-size:19px}.chart .tick{fill:var(--dim);font-size:17px}.line{fill:none;stroke-width:2.5;stroke-linejoin:round}
${[0, 1, 2, 3, 4, 5].map((i) => `.c${i}{stroke:var(--c${i})${i > 0 ? `;stroke-dasharray:${["", "10 4", "3 4", "14 4 3 4", "6 6", "2 3"][i] ?? ""}` : ""}}`).join("")}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;font-size:.85rem;color:var(--dim);margin-top:.3rem}.legend svg{width:28px;height:8px;display:inline-block;margin-right:.4rem;vertical-align:.1em}.legend b{color:var(--ink);font-variant-numeric:tabular-nums}
.chart .one,.legend .one{fill:var(--up);background:var(--up)}.chart .bad,.legend .bad{fill:var(--down);background:var(--down)}.chart .quiet,.legend .quiet{fill:var(--line);background:var(--line)}.chart .empty{fill:none;stroke:var(--unknown);stroke-dasharray:4 4;opacity:.6}.legend .empty{border:1px dashed var(--unknown)}.legend i{display:inline-block;width:.9em;height:.9em;border-radius:3px;margin-right:.4em;vertical-align:-.1em}
.turns li{padding:.25rem 0 .25rem 1rem;border-left:3px solid var(--up)}.turns li.down{border-left-color:var(--down)}.turns time{color:var(--dim);font-variant-numeric:tabular-nums;margin-right:.6rem}
.tiles{display:flex;flex-wrap:wrap;gap:.5rem}.tiles li{padding:.3rem .9rem;border-radius:8px}.tiles .up{background:var(--up-soft);color:var(--up)}.tiles .down{background:var(--down-soft);color:var(--down);font-weight:600}
#lost{background:var(--unknown-soft);border-color:var(--unknown);color:var(--ink);position:sticky;top:.5rem;z-index:3}#lost[hidden]{display:none}.lost main{opacity:.5;filter:grayscale(.8)}
@media(max-width:700px){body{padding:0 .7rem 3rem}section{padding:.9rem}nav{margin-left:0}.summary{font-size:1.05rem}}
@media print{section{break-inside:avoid}.flow{display:none}}`;
