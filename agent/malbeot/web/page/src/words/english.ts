import type { Words } from "../words";

export const english: Words = {
  title: "Talk with Malbeot",
  nameLabel: "Your name (if you like)",
  codeLabel: "Access code",
  call: "Call",
  callAgain: "Call again",
  callAgainIn: (seconds) => `Call again in ${seconds} s`,
  callNow: "You can call again now.",
  callTyping: "Type instead",
  hangUp: "Hang up",
  controls: "Your call",
  captions: "What was said",
  caller: "You",
  companion: "Companion",
  level: "Your voice",
  muted: "Your microphone is off.",
  mute: "Mute",
  unmute: "Unmute",
  more: "More",
  close: "Done",
  type: "Type instead",
  typeLabel: "What you want to say",
  send: "Send",
  camera: "My camera",
  selfView: "Your own picture",
  volume: "Volume of the voice",
  microphone: "Microphone",
  otherMicrophone: "Or choose another microphone",
  speaker: "Speaker",
  device: (number) => `Device ${number}`,
  heard: "I hear you.",
  listeningMuted: "Your companion cannot hear you now.",
  listeningTyped: "I’m here. Write to me.",
  answered: "The companion is there. You can talk.",
  regained: "The connection is back.",
  states: {
    idle: "Press the button and talk.",
    dialling: "Calling…",
    ringing: "Ringing…",
    initializing: "Picking up…",
    listening: "I’m listening.",
    thinking: "Thinking…",
    speaking: "Speaking…",
    reconnecting: "The connection is weak. Please wait…",
    redialling: "The call was lost. I’m calling again for you…",
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
    "code-wanted": "Calling from here needs an access code. Type the code that you were given, then call.",
    "code-wrong": "This access code is not the right one. Look at it once more, type it again, then call.",
    "invitation-refused":
      "This invitation does not work any more. Ask for a new one, or type an access code, then call.",
    "too-many-tries": "That was too many tries. Please wait a little; then you can call again.",
    full: "Everyone is busy talking right now. Please wait a little; then you can call again.",
    "server-down": "The service is not reachable right now. Please call again in a little while.",
    "no-answer": "The companion is not answering right now. Please call again in a little while.",
    "companion-left": "The companion has left the call. Please call again.",
    "connection-lost": "The connection was lost. Check your internet, then call again.",
  },
  hints: {
    "tap-to-hear": "Touch the screen once to hear the voice.",
    "camera-refused": "This page may not use your camera. Allow it in your browser’s settings, then try again.",
    "camera-missing": "No camera was found. You can go on talking without it.",
    "camera-busy": "Another program is using the camera. Close it, then try again.",
    "device-failed": "This device cannot be used. Choose another one.",
    "not-sent": "Your words did not get through. Please send them again.",
  },
  duration: (minutes, seconds) =>
    minutes ? `You talked for ${minutes} min ${seconds} s.` : `You talked for ${seconds} s.`,
  turns: (caller, companion) => {
    if (!caller && !companion) return "Nobody spoke.";
    if (!caller) return `You did not speak; your companion spoke ${times(companion)}.`;
    if (!companion) return `You spoke ${times(caller)}; your companion did not speak.`;
    return `You spoke ${times(caller)}, your companion ${times(companion)}.`;
  },
};

function times(count: number): string {
  return { 1: "once", 2: "twice" }[count] ?? `${count} times`;
}
