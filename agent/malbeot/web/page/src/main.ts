import { keepCode, permit, takeInvitation } from "./access";
import { Call, type CallListener } from "./call/call";
import { remember, remembered } from "./memory";
import { wantsPermit } from "./service";
import type { DeviceKind } from "./view/devices";
import { Panel } from "./view/panel";
import { View } from "./view/view";
import { languageOf, wordsIn } from "./words";

takeInvitation();
// A link that is opened in a page that is open already changes only what stands behind the #.
window.addEventListener("hashchange", () => {
  takeInvitation();
  if (permit()) start.askForCode(false);
});
const language = languageOf(navigator.language);
const words = wordsIn(language);
const view = new View(words, language);
const { start, controls, status } = view;
let call: Call | undefined;

const panel = new Panel(words, {
  type: () => controls.showTyping(controls.typing.hidden !== false),
  camera: (on) => void turnCamera(on),
  volume: (volume) => {
    view.voice.volume = volume;
  },
  device: chooseDevice,
});
view.voice.volume = panel.volume;
start.name.value = remembered("name");
if (!permit()) void askForCode();

const listener: CallListener = {
  state: (state) => {
    if (state === "redialling") showCamera(false);
    view.showState(state);
  },
  caption: (caption) => view.captions.show(caption),
  heard: (heard) => status.showHeard(heard),
  level: (level) => controls.showLevel(level),
  silenced: (silenced) => status.showHint(silenced ? "tap-to-hear" : null),
  over: (failure, talkedMs) => {
    call = undefined;
    panel.close();
    showCamera(false);
    view.end(failure, talkedMs);
  },
};

/** From the start, where no call would come about without one. */
async function askForCode(): Promise<void> {
  // A call that was begun meanwhile finds out by itself.
  if ((await wantsPermit()) && !call && !permit()) start.askForCode(true);
}

function dial(speaks: boolean): void {
  if (call || start.waits) return;
  const name = start.name.value.trim();
  remember("name", name);
  if (start.code.value.trim()) keepCode(start.code.value.trim());
  view.begin(speaks);
  call = new Call({ name, language, speaks }, view, listener);
  void call.dial();
}

function showCamera(on: boolean): void {
  panel.showCamera(on);
  view.showCamera(on);
}

async function turnCamera(on: boolean): Promise<void> {
  const hint = await call?.turnCamera(on);
  if (hint === undefined) return;
  status.showHint(hint);
  showCamera(on && hint === null);
}

async function chooseDevice(kind: DeviceKind, id: string): Promise<boolean> {
  try {
    await call?.choose(kind, id);
    status.showHint(null);
    return true;
  } catch {
    // Behind the open panel nobody would read it.
    panel.close();
    status.showHint("device-failed");
    return false;
  }
}

async function send(): Promise<void> {
  const text = controls.line.value.trim();
  if (!text || !controls.canSend) return;
  controls.line.value = "";
  try {
    await call?.write(text);
    status.showHint(null);
  } catch {
    controls.line.value ||= text;
    status.showHint("not-sent");
  }
}

start.form.addEventListener("submit", (event) => {
  event.preventDefault();
  dial(true);
});
start.typing.addEventListener("click", () => dial(false));
controls.hangup.addEventListener("click", () => call?.hangUp());
controls.more.addEventListener("click", () => {
  if (call) panel.open(call.speaks, !controls.typing.hidden, view.voice);
});
controls.mute.addEventListener("click", () => {
  const muted = !controls.isMuted;
  controls.showMuted(muted);
  status.showHearing(muted ? "muted" : "voice");
  void call?.mute(muted);
});
controls.typing.addEventListener("submit", (event) => {
  event.preventDefault();
  void send();
});
controls.typing.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) controls.showTyping(false);
});
document.addEventListener("pointerup", () => void call?.unsilence());
window.addEventListener("pagehide", () => call?.hangUp());
