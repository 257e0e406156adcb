/**
 * The page's own script: asks for the sections again and again, exchanges those that differ, and says when what is shown is old.
 * Everything else was made by the server, so that it can be read, and tested, without a browser.
 */
export const SCRIPT = `"use strict";
const main = document.querySelector("main"), lost = document.getElementById("lost"), told = document.getElementById("told");
const range = new URLSearchParams(location.search).get("range");
let last = Date.now(), summary = "";
const times = (root) => root.querySelectorAll("[data-time]").forEach((each) => {
  const at = new Date(each.dataset.time * 1000);
  each.textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...("seconds" in each.dataset && { second: "2-digit" }), hour12: false });
  const title = at.toLocaleString();
  if (each.title !== title && each.localName === "time") each.title = title;
});
const sections = new Map([...main.children].map((each) => [each.id, each.outerHTML]));
times(main);
const show = (text) => {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const section of fresh.querySelectorAll("section")) {
    if (sections.get(section.id) === section.outerHTML) continue;
    sections.set(section.id, section.outerHTML);
    const old = document.getElementById(section.id), scrolls = [...(old?.querySelectorAll(".scroll") ?? [])].map((each) => each.scrollLeft);
    const inside = old?.contains(document.activeElement) ? [...old.querySelectorAll("[tabindex]")].indexOf(document.activeElement) : -1;
    times(section);
    if (old) old.replaceWith(section); else main.append(section);
    section.querySelectorAll(".scroll").forEach((each, i) => (each.scrollLeft = scrolls[i] ?? 0));
    if (inside >= 0) section.querySelectorAll("[tabindex]")[inside]?.focus({ preventScroll: true });
  }
  const now = document.querySelector("#state .summary")?.textContent ?? "";
  if (summary !== "" && summary !== now) told.textContent = now;
  summary = now;
};
const say = (why) => {
  document.body.classList.toggle("lost", why !== "");
  lost.hidden = why === "";
  if (why !== "" && lost.textContent !== why) lost.textContent = why;
};
const ago = () => new Date(last).toLocaleTimeString([], { hour12: false });
const look = async () => {
  try {
    const answer = await fetch("view" + (range ? "?range=" + encodeURIComponent(range) : ""), { signal: AbortSignal.timeout(15000) });
    const text = await answer.text();
    if (!answer.ok) say(text + " What is shown is of " + ago() + ".");
    else { last = Date.now(); show(text); say(""); }
  } catch {
    say("hawser dashboard does not answer any more. What is shown is of " + ago() + ".");
  }
  setTimeout(look, Number(document.body.dataset.every) * 1000);
};
summary = document.querySelector("#state .summary")?.textContent ?? "";
setTimeout(look, Number(document.body.dataset.every) * 1000);`;
