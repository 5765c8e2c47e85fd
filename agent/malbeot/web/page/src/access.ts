/** What lets a caller from elsewhere call: an invitation in the page's address, or the access code. */

const INVITATION = "malbeot.invitation";
const CODE = "malbeot.code";

export interface Permit {
  kind: "invitation" | "code";
  value: string;
}

/** Takes the invitation out of the address bar, so that nobody reads, copies or sends it on by accident. */
export function takeInvitation(): void {
  const invitation = new URLSearchParams(location.hash.slice(1)).get("invite");
  if (!invitation) return;
  keep(INVITATION, invitation);
  history.replaceState(history.state, "", location.pathname + location.search);
}

/** The code that was typed, which is gone with the tab, else the invitation, which is kept until it is refused. */
export function permit(): Permit | null {
  const code = kept(CODE);
  if (code) return { kind: "code", value: code };
  const invitation = kept(INVITATION);
  return invitation ? { kind: "invitation", value: invitation } : null;
}

export function keepCode(code: string): void {
  keep(CODE, code);
}

/** The service refused it. */
export function forget({ kind }: Permit): void {
  keep(kind === "code" ? CODE : INVITATION, "");
}

const unkept = new Map<string, string>();

/** Who was invited comes back by a bookmark, without the invitation in it. */
function placeOf(key: string): Storage {
  return key === INVITATION ? localStorage : sessionStorage;
}

/** Browsers may refuse to keep anything; then it lasts until the page is left. */
function keep(key: string, value: string): void {
  unkept.set(key, value);
  try {
    if (value) placeOf(key).setItem(key, value);
    else placeOf(key).removeItem(key);
  } catch {
    // `unkept` has it.
  }
}

function kept(key: string): string {
  try {
    return placeOf(key).getItem(key) ?? unkept.get(key) ?? "";
  } catch {
    return unkept.get(key) ?? "";
  }
}
