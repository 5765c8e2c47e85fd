/** Where a call is. The page shows it in words and as a shape, and carries it as `data-state`. */
export type CallState =
  | "idle"
  | "dialling" // microphone, token and connection
  | "ringing" // in the room, the companion is not there yet
  | "initializing"
  | "listening"
  | "thinking"
  | "speaking"
  | "reconnecting"
  | "redialling" // the call is lost, and the page calls again by itself
  | "ended"
  | "failed";

const TALKING: ReadonlySet<CallState> = new Set(["listening", "thinking", "speaking"]);
const RESTING: ReadonlySet<CallState> = new Set(["idle", "ended", "failed"]);

/** Whether the companion takes what is said or typed. */
export function isTalking(state: CallState): boolean {
  return TALKING.has(state);
}

/** Whether there is no call. */
export function isResting(state: CallState): boolean {
  return RESTING.has(state);
}

/** Why a call did not come about or broke off. */
export type Problem =
  | "microphone-refused"
  | "microphone-missing"
  | "microphone-busy"
  | "insecure-page"
  | "name-refused"
  | "code-wanted"
  | "code-wrong"
  | "invitation-refused"
  | "too-many-tries"
  | "full"
  | "server-down"
  | "no-answer"
  | "companion-left"
  | "connection-lost";

/** What does not end a call, and is told in it. */
export type Hint = "tap-to-hear" | "camera-refused" | "camera-missing" | "camera-busy" | "device-failed" | "not-sent";

/** A call that cannot go on. `waitS`: in how many seconds another try makes sense, where that is known. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";

  constructor(
    readonly problem: Problem,
    readonly waitS: number | null = null,
  ) {
    super(problem);
  }
}
