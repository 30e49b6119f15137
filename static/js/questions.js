// Questions of agents on top of every page: read again when the socket /ws/me/ hints, and slowly by themselves. What is
// being typed and where the reader is stays as it is. Uses connect, said and announce of the other scripts.
"use strict";

const LOOK_MS = 15_000;
const AFTER_DEADLINE_MS = 2_500;
const THANKS_MS = 8_000; // so long it is said what became of an answer
const title = document.title;
const endsAt = new WeakMap();
let looking = false;
let lookAgain = false;
let thanksUntil = 0;

const questionsPlace = () => document.getElementById("questions");
const questionsHeader = () => ({ "X-Questions": location.pathname === "/questions/" ? "all" : "some" });

async function lookAtQuestions() {
  if (looking) { lookAgain = true; return; }
  looking = true;
  try {
    const answer = await fetch("/questions/waiting/", { headers: questionsHeader(), redirect: "error" });
    if (answer.ok) takeQuestions(await answer.text());
  } catch { /* the next look may succeed */ }
  looking = false;
  if (lookAgain) { lookAgain = false; lookAtQuestions(); }
}

function takeQuestions(html) {
  const place = questionsPlace();
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("questions");
  if (!place || !fresh) return;
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  const thanks = place.querySelector("[data-said]");
  if (fresh.querySelector("[data-said]")) keepThanks();
  else if (thanks && performance.now() < thanksUntil) fresh.prepend(thanks.cloneNode(true));
  const known = new Map([...place.querySelectorAll("[data-question]")].map((form) => [form.id, form]));
  let at = place.firstElementChild;
  for (const part of [...fresh.children]) {
    const old = known.get(part.id);
    const node = old && old.dataset.question === part.dataset.question ? old : document.importNode(part, true);
    if (node === at) at = at.nextElementSibling;
    else place.insertBefore(node, at);
    if (part.dataset.announce && !old) tellOfQuestion(part.dataset.announce);
    if (old && node !== old) keepTyped(old, node);
  }
  while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
  place.dataset.count = fresh.dataset.count;
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  showCount();
}

function keepTyped(from, to) {
  const typed = from.elements.answer.value;
  if (typed && !to.elements.answer.value) to.elements.answer.value = typed;
}

function keepThanks() {
  thanksUntil = performance.now() + THANKS_MS;
  setTimeout(lookAtQuestions, THANKS_MS + 100);
}

function tellOfQuestion(words) {
  document.getElementById("announce-now").textContent = words;
}

function showCount() {
  const count = Number(questionsPlace()?.dataset.count ?? 0);
  const open = document.querySelectorAll("#questions .open").length;
  document.title = open ? `(${open}) ${title}` : title;
  for (const badge of document.querySelectorAll("[data-question-count]")) {
    badge.textContent = count || "";
    badge.hidden = !count;
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("#questions form")) return;
  event.preventDefault();
  const body = new FormData(form);
  const path = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
  try {
    const answer = await fetch(path, { method: "POST", body, headers: questionsHeader(), redirect: "error" });
    if (![200, 409, 422].includes(answer.status)) throw new Error(String(answer.status));
    takeQuestions(await answer.text());
    showTrouble("");
    announce(document.querySelector("#questions [data-said], #questions .field-error")?.textContent ?? "");
    document.querySelector("#questions [aria-invalid], #questions .open input[type=text]")?.focus();
  } catch {
    showTrouble("Your answer could not be sent. It is still here; please try again.");
  }
  form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
});

function tickQuestions() {
  for (const clock of document.querySelectorAll("[data-left]")) {
    if (!endsAt.has(clock)) {
      const left = Number(clock.dataset.left);
      endsAt.set(clock, performance.now() + left);
      setTimeout(lookAtQuestions, left + AFTER_DEADLINE_MS);
    }
    clock.textContent = said(Math.max(endsAt.get(clock) - performance.now(), 0));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  if (!questionsPlace()) return;
  showCount();
  setInterval(tickQuestions, 250);
  setInterval(lookAtQuestions, LOOK_MS);
  connect("/ws/me/", 0, lookAtQuestions);
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && questionsPlace()) lookAtQuestions(); });
