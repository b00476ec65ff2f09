// Comforts for pages that work without it: the source beside the result, and nothing typed is lost.
"use strict";

// --- the source: words under a field or sentence are lit, played and framed -------------------------------------
const runs = [...document.querySelectorAll(".run")].map((node) => {
  const [start, end] = node.dataset.at.split("-").map(Number);
  return { node, start, end };
});
const player = document.getElementById("player");

function frame(run) {
  if (!run.node.dataset.box) return;
  const [page, left, top, right, bottom] = run.node.dataset.box.split(" ").map(Number);
  const scan = document.querySelector(`.scan[data-page="${page}"]`);
  const image = scan && scan.querySelector("img");
  if (!image) return;
  const draw = () => {
    // The picture is half the size in which boxes are measured.
    const drawing = scan.querySelector("svg");
    drawing.setAttribute("viewBox", `0 0 ${image.naturalWidth * 2} ${image.naturalHeight * 2}`);
    const box = drawing.querySelector("rect");
    Object.entries({ x: left, y: top, width: right - left, height: bottom - top })
      .forEach(([name, value]) => box.setAttribute(name, value));
    scan.classList.add("framed");
  };
  if (image.complete && image.naturalWidth) draw(); else { image.loading = "eager"; image.addEventListener("load", draw, { once: true }); }
}

function light(spans, { play = false, scroll = true } = {}) {
  const wanted = spans.split(" ").filter(Boolean).map((span) => span.split("-").map(Number));
  const lit = runs.filter((run) => {
    const on = wanted.some(([start, end]) => run.start < end && start < run.end);
    run.node.classList.toggle("lit", on);
    return on;
  });
  if (!lit.length) return;
  const box = lit[0].node.closest(".source");
  if (scroll && box) box.scrollTop = lit[0].node.offsetTop - box.offsetTop - box.clientHeight / 3;
  frame(lit[0]);
  if (player && lit[0].node.dataset.ms !== undefined) {
    player.currentTime = Number(lit[0].node.dataset.ms) / 1000;
    if (play) player.play().catch(() => {});
  }
}

document.addEventListener("click", (event) => {
  const point = event.target.closest("a[data-spans]");
  if (point) {
    event.preventDefault();
    light(point.dataset.spans, { play: true });
    document.getElementById("source").scrollIntoView({ block: "nearest" });
    return;
  }
  const run = event.target.closest(".run");
  if (run) light(run.dataset.at, { play: true, scroll: false });
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches("input[data-spans]")) light(event.target.dataset.spans);
});

// --- a sentence that the cursor stands in lights its words ------------------------------------------------------
document.querySelectorAll("textarea[data-sentences]").forEach((area) => {
  const known = [...area.closest("form").querySelectorAll("a.sentence")];
  const look = (play) => {
    const here = known.find((link) => {
      const start = area.value.indexOf(link.textContent);
      return start >= 0 && start <= area.selectionStart && area.selectionStart <= start + link.textContent.length;
    });
    known.forEach((link) => link.classList.toggle("lit", link === here));
    if (here) light(here.dataset.spans, { play });
  };
  area.addEventListener("click", () => look(true));
  area.addEventListener("keyup", (event) => { if (event.key.startsWith("Arrow")) look(false); });
});

// --- what is typed survives a reload, a lost connection and a session that ended --------------------------------
const kept = document.querySelector("form[data-keep]");
if (kept) {
  const key = `afirgen:${kept.dataset.keep}`;
  const kinds = ["textarea", "text", "date", "time", "checkbox", "select-one"];
  const fields = () => [...kept.elements].filter((f) => f.name && f.name !== "attest" && kinds.includes(f.type));
  // A ticked box is told from others of its name by its value.
  const place = (field) => (field.type === "checkbox" ? `${field.name}=${field.value}` : field.name);
  const value = (field) => (field.type === "checkbox" ? field.checked : field.value);
  try {
    const before = JSON.parse(sessionStorage.getItem(key) || "null");
    let back = false;
    if (before) fields().forEach((field) => {
      const was = before[place(field)];
      if (was === undefined || was === value(field)) return;
      if (field.type === "checkbox") field.checked = was; else field.value = was;
      back = true;
    });
    const said = document.getElementById("saved") || document.getElementById("send-state");
    if (back && said) said.textContent = kept.dataset.restored;
  } catch { sessionStorage.removeItem(key); }
  kept.addEventListener("input", () => {
    try { sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(fields().map((f) => [place(f), value(f)])))); }
    catch { /* A full or forbidden store only loses this comfort. */ }
  });
  kept.addEventListener("kept", () => sessionStorage.removeItem(key));
}

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.id === "step-form") event.target.dispatchEvent(new Event("kept"));
  const over = event.detail.xhr.status === 401;
  document.getElementById("session-over").hidden = !over;
});

// --- a decision waits for the autosave that is under way, and none begins after it -------------------------------
const stepForm = document.getElementById("step-form");
if (stepForm) {
  let deciding = false;
  stepForm.addEventListener("htmx:beforeRequest", (event) => { if (deciding) event.preventDefault(); });
  stepForm.addEventListener("submit", (event) => {
    if (stepForm.classList.contains("htmx-request")) {
      event.preventDefault();
      const button = event.submitter;
      stepForm.addEventListener("htmx:afterSettle", () => stepForm.requestSubmit(button), { once: true });
      return;
    }
    deciding = true;
    setTimeout(() => { deciding = false; }, 5000);
  });
}
