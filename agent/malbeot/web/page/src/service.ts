import { type Permit, forget, permit } from "./access";
import { CallFailed } from "./states";
import type { Language } from "./words";

/** What the service gives for a call: LiveKit's address and the token for one room. */
export interface Ticket {
  url: string;
  token: string;
  room: string;
}

const PATIENCE_MS = 8000;
/** Where the service does not say when to try again. */
const WAIT_S = 30;

/** Names a conversation that nobody guesses. */
export function newSession(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Asks for a call that goes on with what was said in `session`. Throws `CallFailed`. */
export async function requestCall(name: string, language: Language, session: string): Promise<Ticket> {
  const pass = permit();
  const headers = new Headers({ "Content-Type": "application/json" });
  // A header holds Latin letters alone: another code is a wrong one.
  if (pass && !/^[\x21-\x7e]+$/.test(pass.value)) throw refused(pass);
  if (pass) headers.set("Authorization", `Bearer ${pass.value}`);
  let response: Response;
  try {
    response = await fetch("/api/calls", {
      method: "POST",
      headers,
      body: JSON.stringify({ name, language, session }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.ok) return (await response.json()) as Ticket;
  } catch {
    throw new CallFailed("server-down");
  }
  throw await failure(response, pass);
}

/** Whether who shows nothing is refused a call. Where the service does not say, the call will. */
export async function wantsPermit(): Promise<boolean> {
  try {
    const response = await fetch("/api/scenarios", { signal: AbortSignal.timeout(PATIENCE_MS) });
    await response.arrayBuffer(); // unread it would hold its connection
    // Who tried too many wrong codes waits, and needs one all the same.
    return response.status === 401 || response.status === 429;
  } catch {
    return false;
  }
}

/** Gives the call's place back. Works while the page is being left. */
export async function endCall({ room, token }: Ticket): Promise<void> {
  try {
    await fetch(`/api/calls/${encodeURIComponent(room)}`, {
      method: "DELETE",
      headers: { "X-Call-Token": token },
      keepalive: true,
    });
  } catch {
    // The service notices by itself that nobody is in the room any more.
  }
}

async function failure(response: Response, pass: Permit | null): Promise<CallFailed> {
  switch (response.status) {
    case 401:
      return refused(pass);
    case 422:
      return new CallFailed("name-refused");
    case 429:
      return new CallFailed("too-many-tries", waitS(response));
    case 503:
      if ((await reason(response)) === "full") return new CallFailed("full", waitS(response));
  }
  return new CallFailed("server-down");
}

function refused(pass: Permit | null): CallFailed {
  if (!pass) return new CallFailed("code-wanted");
  forget(pass);
  return new CallFailed(pass.kind === "code" ? "code-wrong" : "invitation-refused");
}

function waitS(response: Response): number {
  const seconds = Number(response.headers.get("Retry-After") ?? WAIT_S);
  return seconds > 0 && Number.isFinite(seconds) ? Math.ceil(seconds) : WAIT_S;
}

async function reason(response: Response): Promise<unknown> {
  try {
    return ((await response.json()) as { reason?: unknown }).reason;
  } catch {
    return undefined;
  }
}
