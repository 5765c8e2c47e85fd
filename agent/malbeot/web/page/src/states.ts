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
  | "ended"
  | "failed";

/** Why a call did not come about or broke off. */
export type Problem =
  | "microphone-refused"
  | "microphone-missing"
  | "microphone-busy"
  | "insecure-page"
  | "name-refused"
  | "server-down"
  | "no-answer"
  | "companion-left"
  | "connection-lost";

/** A call that cannot go on. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";

  constructor(readonly problem: Problem) {
    super(problem);
  }
}
