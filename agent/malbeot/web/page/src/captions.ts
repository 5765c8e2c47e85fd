import type { Caption } from "./transcription";
import type { Words } from "./words";

/** Within this many pixels of the end the list follows what is said. */
const FOLLOW_PX = 80;

/** Both sides' captions, oldest first, the newest in view. */
export class Captions {
  readonly #lines = new Map<string, HTMLLIElement>();

  constructor(
    private readonly list: HTMLElement,
    private readonly words: Words,
  ) {}

  clear(): void {
    this.#lines.clear();
    this.list.replaceChildren();
  }

  /** Brings the newest into view. */
  showLatest(): void {
    this.list.scrollTop = this.list.scrollHeight;
  }

  show(caption: Caption): void {
    const line = this.#lines.get(caption.segment);
    if (line?.dataset["final"] === "true") return;
    if (!caption.text.trim()) {
      line?.remove();
      this.#lines.delete(caption.segment);
      return;
    }
    // Someone who scrolled back to read is left where they are.
    const follow = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < FOLLOW_PX;
    this.#fill(line ?? this.#add(caption), caption);
    if (follow) this.showLatest();
  }

  #add(caption: Caption): HTMLLIElement {
    const line = document.createElement("li");
    line.dataset["speaker"] = caption.speaker;
    const speaker = document.createElement("span");
    speaker.className = "speaker";
    speaker.textContent = this.words[caption.speaker];
    const text = document.createElement("span");
    text.className = "text";
    line.append(speaker, text);
    this.#lines.set(caption.segment, line);
    this.list.append(line);
    return line;
  }

  #fill(line: HTMLLIElement, caption: Caption): void {
    line.dataset["final"] = String(caption.final);
    const text = line.querySelector(".text");
    if (text) text.textContent = caption.text.trim();
  }
}
