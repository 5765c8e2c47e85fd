/** What the page knows from last time. */
export type Remembered = "name" | "volume" | "microphone" | "speaker";

/** Browsers may refuse to keep anything; the page works without. */
export function remembered(what: Remembered): string {
  try {
    return localStorage.getItem(`malbeot.${what}`) ?? "";
  } catch {
    return "";
  }
}

export function remember(what: Remembered, value: string): void {
  try {
    if (value) localStorage.setItem(`malbeot.${what}`, value);
    else localStorage.removeItem(`malbeot.${what}`);
  } catch {
    // Nothing is kept then.
  }
}
