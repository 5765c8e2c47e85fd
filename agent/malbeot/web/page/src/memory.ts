/** What the page knows from last time. */
export type Remembered = "name" | "volume" | "microphone" | "speaker";

const unkept = new Map<Remembered, string>();

/** Browsers may refuse to keep anything; then it lasts until the page is left. */
export function remembered(what: Remembered): string {
  try {
    return localStorage.getItem(`malbeot.${what}`) ?? unkept.get(what) ?? "";
  } catch {
    return unkept.get(what) ?? "";
  }
}

export function remember(what: Remembered, value: string): void {
  unkept.set(what, value);
  try {
    if (value) localStorage.setItem(`malbeot.${what}`, value);
    else localStorage.removeItem(`malbeot.${what}`);
  } catch {
    // `unkept` has it.
  }
}
