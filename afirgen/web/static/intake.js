// Taking a complaint in: microphone with level and pause, camera, drag and drop, paste, and sending until it arrives.
"use strict";

const form = document.getElementById("new-case");
const fileField = document.getElementById("file");
const sendState = document.getElementById("send-state");

function choose(file) {
  const list = new DataTransfer();
  list.items.add(file);
  fileField.files = list.files;
  fileField.dispatchEvent(new Event("change", { bubbles: true }));
}

// --- a recording or picture is kept in this browser until it has arrived, also over a reload or a crash -------------
const shelf = {
  day: 24 * 3600 * 1000,
  async store(mode, work) {
    const database = await new Promise((done, failed) => {
      const opening = indexedDB.open("afirgen", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("kept");
      opening.onsuccess = () => done(opening.result);
      opening.onerror = () => failed(opening.error);
    });
    try {
      return await new Promise((done, failed) => {
        const asked = work(database.transaction("kept", mode).objectStore("kept"));
        asked.onsuccess = () => done(asked.result);
        asked.onerror = () => failed(asked.error);
      });
    } finally { database.close(); }
  },
  put: (file) => shelf.store("readwrite", (s) => s.put({ file, at: Date.now() }, form.dataset.who)).catch(() => {}),
  drop: () => shelf.store("readwrite", (s) => s.delete(form.dataset.who)).catch(() => {}),
  get: () => shelf.store("readonly", (s) => s.get(form.dataset.who)).catch(() => null),
};
shelf.get().then((found) => {
  if (!found) return;
  if (Date.now() - found.at > shelf.day) { shelf.drop(); return; }
  if (fileField.files.length) return;
  choose(found.file);
  listen(found.file);
  sendState.textContent = form.dataset.fileRestored;
});

function listen(file) {
  const playback = document.getElementById("playback");
  if (!file.type.startsWith("audio/")) return;
  playback.src = URL.createObjectURL(file);
  playback.hidden = false;
}

fileField.addEventListener("change", () => tell("file", ""));
document.getElementById("text").addEventListener("input", () => tell("text", ""));

// --- drag and drop, paste ------------------------------------------------------------------------------------------
["dragover", "dragleave", "drop"].forEach((name) => form.addEventListener(name, (event) => {
  if (!event.dataTransfer || ![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  document.getElementById("drop").classList.toggle("over", name === "dragover");
  if (name === "drop" && event.dataTransfer.files.length) choose(event.dataTransfer.files[0]);
}));
document.addEventListener("paste", (event) => {
  const files = event.clipboardData ? event.clipboardData.files : [];
  if (files.length) { event.preventDefault(); choose(files[0]); }
});

// --- microphone ------------------------------------------------------------------------------------------------------
const recorder = document.getElementById("recorder");
if (recorder && navigator.mediaDevices && window.MediaRecorder) {
  const say = recorder.dataset;
  const [button, pause, level, state, clock] = ["record", "pause", "level", "record-state", "clock"].map((id) => document.getElementById(id));
  recorder.hidden = false;
  let media = null;
  let seconds = 0;

  function meter(stream) {
    const sound = new AudioContext();
    const listener = sound.createAnalyser();
    listener.fftSize = 512;
    sound.createMediaStreamSource(stream).connect(listener);
    const samples = new Uint8Array(listener.fftSize);
    const look = () => {
      if (!media || media.state === "inactive") { level.hidden = true; sound.close(); return; }
      listener.getByteTimeDomainData(samples);
      level.value = Math.min(1, Math.max(...samples.map((s) => Math.abs(s - 128))) / 100);
      requestAnimationFrame(look);
    };
    level.hidden = false;
    look();
  }

  function fileOf(chunks) {
    const type = media.mimeType || "audio/webm";
    return new File(chunks, type.includes("ogg") ? "recording.ogg" : "recording.webm", { type });
  }

  button.addEventListener("click", async () => {
    if (media && media.state !== "inactive") { media.stop(); return; }
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); }
    catch { state.textContent = say.refused; return; }
    const chunks = [];
    media = new MediaRecorder(stream);
    seconds = 0;
    media.addEventListener("dataavailable", (event) => {
      chunks.push(event.data);
      seconds += 1;
      clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (seconds % 5 === 0) shelf.put(fileOf(chunks));
    });
    media.addEventListener("stop", () => {
      stream.getTracks().forEach((track) => track.stop());
      const file = fileOf(chunks);
      shelf.put(file);
      choose(file);
      listen(file);
      pause.hidden = true;
      button.textContent = say.again;
      button.classList.remove("live");
      state.textContent = say.recorded;
    });
    media.start(1000);
    meter(stream);
    pause.hidden = false;
    pause.textContent = say.pause;
    button.textContent = say.stop;
    button.classList.add("live");
    state.textContent = say.recording;
  });
  pause.addEventListener("click", () => {
    const paused = media.state === "paused";
    if (paused) media.resume(); else media.pause();
    pause.textContent = paused ? say.pause : say.resume;
    state.textContent = paused ? say.recording : say.paused;
  });
}

// --- camera ----------------------------------------------------------------------------------------------------------
const camera = document.getElementById("camera");
if (camera && navigator.mediaDevices) {
  const [button, state, view] = ["shoot", "camera-state", "view"].map((id) => document.getElementById(id));
  camera.hidden = false;
  let stream = null;
  button.addEventListener("click", async () => {
    if (!stream) {
      try { stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 2560 } } }); }
      catch { state.textContent = camera.dataset.refused; return; }
      view.srcObject = stream;
      view.hidden = false;
      await view.play();
      button.textContent = camera.dataset.take;
      return;
    }
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [view.videoWidth, view.videoHeight];
    canvas.getContext("2d").drawImage(view, 0, 0);
    stream.getTracks().forEach((track) => track.stop());
    stream = null;
    view.hidden = true;
    button.textContent = camera.dataset.camera;
    canvas.toBlob((blob) => {
      const file = new File([blob], "page.jpg", { type: "image/jpeg" });
      shelf.put(file);
      choose(file);
      state.textContent = camera.dataset.taken;
    }, "image/jpeg", 0.92);
  });
}

// --- sending: again and again while the connection is lost or the program full; a refusal is told beside its field ----
const busy = [429, 502, 503, 504];

function tell(name, sentence) {
  const [field, problem] = [document.getElementById(name), document.getElementById(`${name}-problem`)];
  problem.textContent = sentence;
  problem.hidden = !sentence;
  field.toggleAttribute("aria-invalid", Boolean(sentence));
  if (sentence) { field.setAttribute("aria-invalid", "true"); field.focus(); }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button.main");
  button.disabled = true;
  ["text", "file"].forEach((name) => tell(name, ""));
  const body = new FormData(form);
  for (let wait = 2000; ; wait = Math.min(wait * 2, 30000)) {
    sendState.textContent = form.dataset.sending;
    let answer = null;
    try { answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } }); }
    catch { /* The connection is lost: it is told below. */ }
    if (!answer || busy.includes(answer.status)) {
      sendState.textContent = answer ? form.dataset.full : form.dataset.lost;
      await new Promise((done) => setTimeout(done, wait));
      continue;
    }
    if (answer.redirected && answer.url.includes("/cases/")) {
      form.dispatchEvent(new Event("kept"));
      await shelf.drop();
      location.assign(answer.url);
      return;
    }
    button.disabled = false;
    sendState.textContent = "";
    if (answer.redirected) { document.getElementById("session-over").hidden = false; return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const refused = ["text", "file"].find((name) => page.querySelector(`#${name}-problem:not([hidden])`));
    if (refused) { tell(refused, page.getElementById(`${refused}-problem`).textContent); return; }
    const problem = page.querySelector("main > .problem[role=alert]:not([hidden])");
    sendState.textContent = problem ? problem.textContent : answer.statusText;
    return;
  }
});
