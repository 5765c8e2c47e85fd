const KEY = "malbeot.name";

/** The name of last time. Browsers may refuse to keep anything; the page works without. */
export function rememberedName(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function rememberName(name: string): void {
  try {
    if (name) localStorage.setItem(KEY, name);
    else localStorage.removeItem(KEY);
  } catch {
    // Nothing is kept then.
  }
}
