import type { CallState, Hint, Problem } from "./states";
import { english } from "./words/english";
import { korean } from "./words/korean";

export type Language = "ko" | "en";

/** Everything the page says in one language. */
export interface Words {
  title: string;
  nameLabel: string;
  codeLabel: string;
  call: string;
  callAgain: string;
  callAgainIn: (seconds: number) => string;
  callNow: string;
  callTyping: string;
  hangUp: string;
  controls: string;
  captions: string;
  caller: string;
  companion: string;
  level: string;
  muted: string;
  mute: string;
  unmute: string;
  more: string;
  close: string;
  type: string;
  typeLabel: string;
  send: string;
  camera: string;
  selfView: string;
  volume: string;
  microphone: string;
  otherMicrophone: string;
  speaker: string;
  device: (number: number) => string;
  /** Instead of `states.listening` while the caller is heard. */
  heard: string;
  /** Instead of `states.listening` while the microphone is off or there is none. */
  listeningMuted: string;
  listeningTyped: string;
  answered: string;
  regained: string;
  states: Record<CallState, string>;
  problems: Record<Problem, string>;
  hints: Record<Hint, string>;
  duration: (minutes: number, seconds: number) => string;
  turns: (caller: number, companion: number) => string;
}

/** The page's language for a browser's. */
export function languageOf(browserLanguage: string): Language {
  return browserLanguage.toLowerCase().split("-")[0] === "ko" ? "ko" : "en";
}

export function wordsIn(language: Language): Words {
  return language === "ko" ? korean : english;
}
