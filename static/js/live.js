// Keeps the element with data-live="<socket path>" true. A socket only hints that something changed; the element is
// then read again from the server (htmx: hx-trigger="refresh"). Also after a reconnect, when the page is looked at
// again, and every 15 seconds while the element says data-live-busy.
"use strict";

const POLL_MS = 15_000;
const GATHER_MS = 50; // hints that come together cause one refresh,
const PAUSE_MS = 1_000; // and refreshes keep this distance, however many hints come
const RECONNECT_MS = [500, 1_000, 2_000, 5_000, 10_000, 20_000];
const REFUSED = [4401, 4403];

let gathering = 0;
let refreshedAt = -PAUSE_MS;
let refreshing = false;
let again = false;

const liveElement = () => document.querySelector("[data-live]");

function refreshSoon() {
  if (gathering || document.hidden) return;
  const wait = Math.max(GATHER_MS, refreshedAt + PAUSE_MS - performance.now());
  gathering = setTimeout(() => { gathering = 0; refresh(); }, wait);
}

function refresh() {
  const element = liveElement();
  if (!element || !window.htmx) return;
  if (refreshing) { again = true; return; }
  refreshedAt = performance.now();
  window.htmx.trigger(element, "refresh");
}

function connect(path, tries, look = refreshSoon) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${path}`);
  let opened = false;
  socket.onopen = () => {
    opened = true;
    if (tries > 0) look();
  };
  socket.onmessage = look;
  socket.onclose = (event) => {
    if (REFUSED.includes(event.code)) { look(); return; }
    const next = opened ? 1 : tries + 1;
    const wait = RECONNECT_MS[Math.min(next - 1, RECONNECT_MS.length - 1)];
    setTimeout(() => connect(path, next, look), wait * (0.75 + Math.random() / 2));
  };
}

// --- What the reader has opened or selected survives a refresh --------------------------------------------------

const isRefresh = (event) => event.detail.requestConfig?.triggeringEvent?.type === "refresh";
const withoutTokens = (html) => html.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "").replace(/"X-CSRFToken": "[^"]*"/g, "").replace(/data-elapsed="\d+">[\d:]+/g, "");
let lastAnswer = "";
let openIds = [];

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isRefresh(event)) refreshing = true;
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isRefresh(event)) return;
  refreshing = false;
  if (again) { again = false; refreshSoon(); }
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isRefresh(event) || !event.detail.shouldSwap) return;
  const answer = withoutTokens(event.detail.serverResponse);
  if (answer === lastAnswer) { event.detail.shouldSwap = false; return; }
  lastAnswer = answer;
  openIds = [...document.querySelectorAll("[data-live] details[open][id]")].map((details) => details.id);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const id of openIds) document.getElementById(id)?.setAttribute("open", "");
  openIds = [];
});

// --- Running clocks: data-elapsed is the length in milliseconds at the moment it was written -------------------

const startedAt = new WeakMap();

function said(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const rest = String(seconds % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

function tick() {
  for (const clock of document.querySelectorAll("[data-elapsed]")) {
    if (!startedAt.has(clock)) startedAt.set(clock, performance.now() - Number(clock.dataset.elapsed));
    clock.textContent = said(performance.now() - startedAt.get(clock));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  setInterval(tick, 1_000);
  const element = liveElement();
  if (!element) return;
  connect(element.dataset.live, 0);
  setInterval(() => { if (liveElement()?.hasAttribute("data-live-busy")) refreshSoon(); }, POLL_MS);
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refreshSoon(); });
