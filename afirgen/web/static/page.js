// Adds two comforts to pages that work without it: progress while a step is drafted, and the microphone.
"use strict";

const working = document.getElementById("working");
if (working) {
  const bar = document.getElementById("bar");
  const look = async () => {
    try {
      const answer = await fetch(`/api/v1/cases/${working.dataset.case}/progress`, { credentials: "same-origin" });
      const now = await answer.json();
      if (answer.ok && now.status !== "processing") { location.reload(); return; }
      if (now.stage) { working.textContent = `Working: ${now.stage} ...`; bar.value = Math.round(100 * (now.share || 0)); }
    } catch { working.textContent = "The connection was lost; trying again ..."; }
    setTimeout(look, 1500);
  };
  setTimeout(look, 800);
}

const recorder = document.getElementById("recorder");
if (recorder && navigator.mediaDevices && window.MediaRecorder) {
  recorder.hidden = false;
  const button = document.getElementById("record");
  const state = document.getElementById("record-state");
  const playback = document.getElementById("playback");
  let media = null;
  button.addEventListener("click", async () => {
    if (media && media.state === "recording") { media.stop(); return; }
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); }
    catch { state.textContent = "The microphone cannot be used. Allow it in the browser, or choose a file."; return; }
    const chunks = [];
    media = new MediaRecorder(stream);
    media.addEventListener("dataavailable", (event) => chunks.push(event.data));
    media.addEventListener("stop", () => {
      stream.getTracks().forEach((track) => track.stop());
      const type = media.mimeType || "audio/webm";
      const file = new File(chunks, type.includes("ogg") ? "recording.ogg" : "recording.webm", { type });
      const list = new DataTransfer();
      list.items.add(file);
      document.getElementById("file").files = list.files;
      playback.src = URL.createObjectURL(file);
      playback.hidden = false;
      button.textContent = "Record again";
      state.textContent = "Recorded. Listen to it, then draft the FIR.";
    });
    media.start(1000);
    button.textContent = "Stop";
    state.textContent = "Recording ...";
  });
}
