// A photo from the camera.

import { open } from "./photos.js";
import { byId, say } from "./state.js";

const camera = byId("camera");
const video = byId<HTMLVideoElement>("video");

function close(): void {
  for (const track of (video.srcObject as MediaStream | null)?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  camera.hidden = true;
  byId("webcam").focus();
}

byId("webcam").addEventListener("click", async () => {
  // Browsers give it to pages from this machine and over https only.
  if (!navigator.mediaDevices) {
    say("The browser gives the camera only to pages over https or on this machine.", true);
    return;
  }
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } });
    camera.hidden = false;
    await video.play();
    byId("shoot").focus();
  } catch (error) {
    const denied = error instanceof DOMException && error.name === "NotAllowedError";
    say(denied ? "The browser does not let this page use the camera. Allow it, and try again." : "No camera was found.", true);
  }
});
byId("unshoot").addEventListener("click", close);
camera.addEventListener("keydown", event => { if (event.key === "Escape") close(); });

let taken = 0;
byId("shoot").addEventListener("click", () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d")!.drawImage(video, 0, 0);
  close();
  const name = ++taken > 1 ? `camera-${taken}.jpg` : "camera.jpg";
  canvas.toBlob(blob => { if (blob) void open([{ blob, name }]); }, "image/jpeg", 0.95);
});
