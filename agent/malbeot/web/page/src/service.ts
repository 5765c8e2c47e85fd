import { CallFailed } from "./states";
import type { Language } from "./words";

/** What the service gives for a call: LiveKit's address and the token for one room. */
export interface Ticket {
  url: string;
  token: string;
}

const PATIENCE_MS = 8000;

/** Asks for a call. Throws `CallFailed`. */
export async function requestCall(name: string, language: Language): Promise<Ticket> {
  let response: Response;
  try {
    response = await fetch("/api/calls", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name, language }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new CallFailed("server-down");
  }
  if (response.status === 422) throw new CallFailed("name-refused");
  if (!response.ok) throw new CallFailed("server-down");
  return (await response.json()) as Ticket;
}
