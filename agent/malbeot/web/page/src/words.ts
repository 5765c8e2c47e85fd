import type { CallState, Problem } from "./states";

export type Language = "ko" | "en";

/** Everything the page says in one language. */
export interface Words {
  title: string;
  nameLabel: string;
  call: string;
  callAgain: string;
  hangUp: string;
  captions: string;
  caller: string;
  companion: string;
  tapToHear: string;
  states: Record<CallState, string>;
  problems: Record<Problem, string>;
  duration: (minutes: number, seconds: number) => string;
}

const english: Words = {
  title: "Talk with Malbeot",
  nameLabel: "Your name (if you like)",
  call: "Call",
  callAgain: "Call again",
  hangUp: "Hang up",
  captions: "What was said",
  caller: "You",
  companion: "Companion",
  tapToHear: "Touch the screen once to hear the voice.",
  states: {
    idle: "Press the button and talk.",
    dialling: "Calling…",
    ringing: "Ringing…",
    initializing: "Picking up…",
    listening: "I’m listening.",
    thinking: "Thinking…",
    speaking: "Speaking…",
    reconnecting: "The connection is weak. Please wait…",
    ended: "The call has ended.",
    failed: "The call did not work.",
  },
  problems: {
    "microphone-refused":
      "This page may not use your microphone. Allow the microphone in your browser’s settings for this page, then call again.",
    "microphone-missing": "No microphone was found. Connect a microphone, then call again.",
    "microphone-busy": "Another program is using the microphone. Close it, then call again.",
    "insecure-page": "The browser gives no microphone to this address. Open the page over https, or on this machine.",
    "name-refused": "This name cannot be used. Write it more simply, or leave it empty.",
    "server-down": "The service is not reachable right now. Please call again in a little while.",
    "no-answer": "The companion is not answering right now. Please call again in a little while.",
    "companion-left": "The companion has left the call. Please call again.",
    "connection-lost": "The connection was lost. Check your internet, then call again.",
  },
  duration: (minutes, seconds) =>
    minutes ? `You talked for ${minutes} min ${seconds} s.` : `You talked for ${seconds} s.`,
};

const korean: Words = {
  title: "말벗과 이야기하기",
  nameLabel: "이름 (안 쓰셔도 됩니다)",
  call: "전화 걸기",
  callAgain: "다시 걸기",
  hangUp: "끊기",
  captions: "나눈 이야기",
  caller: "나",
  companion: "말벗",
  tapToHear: "목소리를 들으려면 화면을 한 번 눌러 주세요.",
  states: {
    idle: "단추를 누르고 말씀하세요.",
    dialling: "전화를 거는 중입니다…",
    ringing: "신호가 가고 있습니다…",
    initializing: "전화를 받고 있습니다…",
    listening: "듣고 있습니다.",
    thinking: "생각하고 있습니다…",
    speaking: "말하고 있습니다…",
    reconnecting: "연결이 약합니다. 잠시 기다려 주세요…",
    ended: "통화가 끝났습니다.",
    failed: "전화가 되지 않았습니다.",
  },
  problems: {
    "microphone-refused":
      "마이크를 쓸 수 없습니다. 브라우저 설정에서 이 페이지의 마이크를 허용한 뒤 다시 걸어 주세요.",
    "microphone-missing": "마이크가 없습니다. 마이크를 연결한 뒤 다시 걸어 주세요.",
    "microphone-busy": "다른 프로그램이 마이크를 쓰고 있습니다. 그 프로그램을 닫고 다시 걸어 주세요.",
    "insecure-page": "이 주소에서는 브라우저가 마이크를 주지 않습니다. https 주소로, 또는 이 기기에서 열어 주세요.",
    "name-refused": "이 이름은 쓸 수 없습니다. 간단히 쓰거나 비워 두세요.",
    "server-down": "지금은 연결할 수 없습니다. 잠시 뒤에 다시 걸어 주세요.",
    "no-answer": "말벗이 지금 전화를 받지 않습니다. 잠시 뒤에 다시 걸어 주세요.",
    "companion-left": "말벗이 통화에서 나갔습니다. 다시 걸어 주세요.",
    "connection-lost": "연결이 끊어졌습니다. 인터넷을 확인한 뒤 다시 걸어 주세요.",
  },
  duration: (minutes, seconds) =>
    minutes ? `${minutes}분 ${seconds}초 동안 이야기했습니다.` : `${seconds}초 동안 이야기했습니다.`,
};

/** The page's language for a browser's. */
export function languageOf(browserLanguage: string): Language {
  return browserLanguage.toLowerCase().split("-")[0] === "ko" ? "ko" : "en";
}

export function wordsIn(language: Language): Words {
  return language === "ko" ? korean : english;
}
