/** What a page can do beyond being read: it is whole without. Plain JavaScript, as the browser gets it. */
export const SCRIPT = `"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const box = document.getElementById("filter");
const items = all("[data-find]");
for (const item of items) item.find = item.dataset.find.toLowerCase();
function filter() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const fits = (item) => words.every((word) => item.find.includes(word));
  for (const section of all("section")) {
    const own = all("[data-find]", section);
    if (own.length === 0) continue;
    // A picture's rows are hosts: words that are about no host leave it whole.
    const shown = own.filter(fits);
    const whole = section.dataset.keep !== undefined && shown.length === 0;
    for (const item of own) item.hidden = !whole && !fits(item);
    const said = section.querySelector(".shown");
    if (said) said.textContent = words.length === 0 || whole ? "" : shown.length + " of " + own.length + " shown";
  }
}
box.addEventListener("input", filter);
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); box.focus(); }
  if (event.key === "Escape" && typing) { box.value = ""; filter(); box.blur(); }
});
for (const button of all("button[data-open]")) button.addEventListener("click", () => {
  for (const each of all("details", button.closest("section"))) if (!each.hidden) each.open = button.dataset.open === "all";
});
for (const picture of all(".lanes.time")) {
  let zoom = 1;
  const width = picture.querySelector(".track").getBoundingClientRect().width;
  const to = (wanted) => {
    const before = zoom;
    zoom = Math.min(64, Math.max(1, wanted));
    const middle = (picture.scrollLeft + picture.clientWidth / 2) / before;
    if (zoom === 1) picture.style.removeProperty("--track");
    else picture.style.setProperty("--track", Math.round(width * zoom) + "px");
    picture.scrollLeft = middle * zoom - picture.clientWidth / 2;
  };
  for (const button of all("button[data-zoom]", picture.closest("section"))) button.addEventListener("click", () => to(button.dataset.zoom === "fit" ? 1 : zoom * Number(button.dataset.zoom)));
  picture.addEventListener("keydown", (event) => { if (event.key === "+") to(zoom * 2); else if (event.key === "-") to(zoom / 2); else if (event.key === "0") to(1); });
}
// What is pointed at, or reached with the arrow keys, is said in words beside the picture.
for (const picture of all(".lanes")) {
  const said = picture.closest("section").querySelector(".said");
  let here;
  const point = (shape) => {
    if (here) here.classList.remove("here");
    here = shape;
    if (!shape) return;
    shape.classList.add("here");
    said.textContent = shape.closest("[data-host]").dataset.host + "  " + shape.querySelector("title").textContent;
  };
  picture.addEventListener("pointermove", (event) => { const shape = event.target.closest("rect"); if (shape && shape.querySelector("title")) point(shape); });
  const rows = () => all("[data-host]", picture).filter((row) => !row.hidden).map((row) => all("rect", row).filter((rect) => rect.querySelector("title"))).filter((row) => row.length > 0);
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Enter" && here && here.dataset.to) { go(here.dataset.to); return; }
    if (!step) return;
    event.preventDefault();
    const grid = rows();
    if (grid.length === 0) return;
    const at = grid.findIndex((row) => row.includes(here));
    const column = at < 0 ? 0 : grid[at].indexOf(here);
    const row = grid[Math.min(grid.length - 1, Math.max(0, (at < 0 ? 0 : at + step[0])))];
    let next = row[Math.min(row.length - 1, Math.max(0, at < 0 ? 0 : column + step[1]))];
    // Up and down keep the place, whatever the rows leave out.
    if (at >= 0 && step[0] !== 0) { const x = Number.parseFloat(here.getAttribute("x")); next = row.reduce((best, each) => (Math.abs(Number.parseFloat(each.getAttribute("x")) - x) < Math.abs(Number.parseFloat(best.getAttribute("x")) - x) ? each : best)); }
    point(next);
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  picture.addEventListener("click", (event) => { const shape = event.target.closest("rect"); if (shape && shape.dataset.to) go(shape.dataset.to); });
}
addEventListener("hashchange", open);
function go(id) {
  location.hash = id;
  open();
}
function open() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView({ block: "center" }); }
}
open();`;
