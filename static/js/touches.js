// Small touches on pages that work without them: growing boxes, Ctrl+Enter, kept drafts, echo of what was sent,
// rows that can be added, questions asked in place that close again.
"use strict";

// --- Boxes that grow with their text (browsers without field-sizing) ------------------------------------------

const growsByItself = CSS.supports("field-sizing", "content");

function grow(box) {
  if (growsByItself) return;
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, innerHeight * 0.4)}px`;
}

// --- Drafts ------------------------------------------------------------------------------------------------------

const draftKey = (box) => `draft:${box.dataset.draft}`;

function restoreDraft(box) {
  if (!box.value) box.value = sessionStorage.getItem(draftKey(box)) ?? "";
}

document.addEventListener("input", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLTextAreaElement)) return;
  if (box.dataset.draft) sessionStorage.setItem(draftKey(box), box.value);
  if ("grows" in box.dataset) grow(box);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("[data-send], form.fields, form.plan-form")) {
    event.preventDefault();
    event.target.form?.requestSubmit();
  }
  if (event.key === "Escape") closeAsks(null);
});

// --- Sending -------------------------------------------------------------------------------------------------------

function announce(words) {
  const place = document.getElementById("announce");
  if (place) place.textContent = words;
}

function showTrouble(words) {
  const place = document.getElementById("trouble");
  place.textContent = words;
  place.hidden = !words;
}

// The message stands in the thread at once; the answer replaces the whole talk.
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt;
  const progress = form.querySelector?.(".progress");
  if (progress) announce(progress.textContent);
  if (!form.matches?.("form[data-echo]")) return;
  const thread = document.getElementById("thread");
  const box = form.elements.message;
  if (!thread || !box.value.trim()) return;
  const echo = document.createElement("p");
  echo.className = "said user echo";
  echo.textContent = box.value.trim();
  thread.append(echo);
  echo.scrollIntoView({ block: "nearest" });
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { successful, requestConfig } = event.detail;
  if (successful) showTrouble("");
  if (!requestConfig.elt.matches("form[data-echo]")) return; // detail.elt may be another one: the form is replaced by now
  if (successful) sessionStorage.removeItem(draftKey(requestConfig.elt.elements.message));
  else document.querySelectorAll(".echo").forEach((echo) => echo.remove());
});

// An answer without the part that was asked for (an error page) must not empty the page.
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.requestConfig.elt.getAttribute("hx-select")?.slice(1);
  if (!part || !event.detail.shouldSwap || event.detail.serverResponse.includes(`id="${part}"`)) return;
  event.detail.shouldSwap = false;
  event.detail.isError = true;
});

for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    const byItself = event.detail.requestConfig?.triggeringEvent?.type === "refresh";
    showTrouble(byItself ? "The connection is lost. This page goes on by itself when it is back." : "The server cannot be reached. What you typed is still here; please try again.");
  });
}
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  showTrouble(status === 403 ? "This page is out of date. Reload it and try again." : "Something went wrong on our side. What you typed is still here; please try again.");
});

// Forms that post without htmx: no second click, and words while it takes time.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-busy]")) return;
  form.classList.add("htmx-request");
  const progress = form.querySelector(".progress");
  if (progress) announce(progress.textContent);
  setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-busy].htmx-request")) {
    form.classList.remove("htmx-request");
    form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  }
});

// --- Rows, printing, questions asked in place ------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.addRow) {
    const rows = document.querySelector("[data-rows]");
    rows.append(document.getElementById(button.dataset.addRow).content.cloneNode(true));
    prepare(rows);
    rows.lastElementChild.querySelector("input").focus();
  } else if (button && "removeRow" in button.dataset) {
    const row = button.closest(".contact-row");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    next?.querySelector("input")?.focus();
  } else if (button && "print" in button.dataset) {
    print();
  } else if (button && "close" in button.dataset) {
    const ask = button.closest("details.ask");
    ask.open = false;
    ask.querySelector("summary").focus();
  }
  closeAsks(event.target.closest("details.ask"));
});

function closeAsks(except) {
  for (const ask of document.querySelectorAll("details.ask[open]")) if (ask !== except) ask.open = false;
}

function prepare(root) {
  root.querySelectorAll("textarea[data-draft]").forEach(restoreDraft);
  root.querySelectorAll("textarea[data-grows]").forEach(grow);
  root.querySelectorAll("[data-add-row], [data-remove-row], [data-print], [data-close]").forEach((button) => { button.hidden = false; });
}

document.addEventListener("htmx:afterSettle", (event) => {
  prepare(document);
  if (event.detail.requestConfig?.verb === "get") return;
  const said = document.querySelector("#talk [data-announce]");
  if (said) announce(said.textContent);
  if (focusWrong()) return;
  const next = document.querySelector("#talk form.answers, #talk #plan, #talk .said:last-of-type");
  next?.scrollIntoView({ block: "nearest" });
  // On a phone the keyboard would hide what is asked.
  if (matchMedia("(pointer: fine)").matches) next?.querySelector("input:not([type=hidden]), textarea, select")?.focus({ preventScroll: true });
});

function focusWrong() {
  const wrong = document.querySelector("[aria-invalid]");
  wrong?.focus();
  return wrong;
}

document.addEventListener("DOMContentLoaded", () => { prepare(document); focusWrong(); });
