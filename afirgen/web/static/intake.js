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
  const [button, pause, level, state, playback] = ["record", "pause", "level", "record-state", "playback"].map((id) => document.getElementById(id));
  recorder.hidden = false;
  let media = null;

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

  button.addEventListener("click", async () => {
    if (media && media.state !== "inactive") { media.stop(); return; }
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); }
    catch { state.textContent = say.refused; return; }
    const chunks = [];
    media = new MediaRecorder(stream);
    media.addEventListener("dataavailable", (event) => chunks.push(event.data));
    media.addEventListener("stop", () => {
      stream.getTracks().forEach((track) => track.stop());
      const type = media.mimeType || "audio/webm";
      const file = new File(chunks, type.includes("ogg") ? "recording.ogg" : "recording.webm", { type });
      choose(file);
      playback.src = URL.createObjectURL(file);
      playback.hidden = false;
      pause.hidden = true;
      button.textContent = say.again;
      state.textContent = say.recorded;
    });
    media.start(1000);
    meter(stream);
    pause.hidden = false;
    pause.textContent = say.pause;
    button.textContent = say.stop;
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
      choose(new File([blob], "page.jpg", { type: "image/jpeg" }));
      state.textContent = camera.dataset.taken;
    }, "image/jpeg", 0.92);
  });
}

// --- sending: again and again while the connection is lost; a refusal is shown where the form is ---------------------
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button.main");
  button.disabled = true;
  const body = new FormData(form);
  for (let wait = 2000; ; wait = Math.min(wait * 2, 30000)) {
    sendState.textContent = form.dataset.sending;
    let answer;
    try { answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } }); }
    catch {
      sendState.textContent = form.dataset.lost;
      await new Promise((done) => setTimeout(done, wait));
      continue;
    }
    if (answer.redirected && answer.url.includes("/cases/")) {
      form.dispatchEvent(new Event("kept"));
      location.assign(answer.url);
      return;
    }
    button.disabled = false;
    sendState.textContent = "";
    if (answer.redirected) { document.getElementById("session-over").hidden = false; return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const problem = page.querySelector("main > .problem[role=alert]:not([hidden])");
    sendState.textContent = problem ? problem.textContent : answer.statusText;
    sendState.setAttribute("role", "alert");
    sendState.className = "problem";
    fileField.setAttribute("aria-invalid", "true");
    return;
  }
});
