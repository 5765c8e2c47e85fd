import { Call } from "./call";
import { rememberName, rememberedName } from "./memory";
import { View } from "./view";
import { languageOf, wordsIn } from "./words";

const language = languageOf(navigator.language);
const view = new View(wordsIn(language), language);
let call: Call | undefined;

view.name.value = rememberedName();

view.start.addEventListener("submit", (event) => {
  event.preventDefault();
  if (call) return;
  const name = view.name.value.trim();
  rememberName(name);
  view.begin();
  call = new Call(view.voice, {
    state: (state) => view.showState(state),
    caption: (caption) => {
      view.showCaptions();
      view.captions.show(caption);
    },
    muted: (muted) => view.showMuted(muted),
    over: (problem, talkedMs) => {
      call = undefined;
      view.end(problem, talkedMs);
    },
  });
  void call.dial(name, language);
});

view.hangup.addEventListener("click", () => call?.hangUp());
document.addEventListener("pointerup", () => void call?.unmute());
