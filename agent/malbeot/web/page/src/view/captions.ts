import type { Caption, Speaker } from "../call/transcription";
import type { Words } from "../words";

/** Within this many pixels of the end the list follows what is said. */
const FOLLOW_PX = 80;

/** Both sides' captions, oldest first, the newest in view. */
export class Captions {
  readonly #lines = new Map<string, HTMLLIElement>();
  readonly #list: HTMLOListElement;

  constructor(
    private readonly box: HTMLElement,
    private readonly words: Words,
  ) {
    this.#list = box.querySelector("ol") as HTMLOListElement;
    box.setAttribute("aria-label", words.captions);
  }

  clear(): void {
    this.#lines.clear();
    this.#list.replaceChildren();
    this.box.hidden = true;
  }

  /** Brings the newest into view. */
  showLatest(): void {
    this.box.scrollTop = this.box.scrollHeight;
  }

  show(caption: Caption): void {
    const line = this.#lines.get(caption.segment);
    if (line?.dataset["final"] === "true") return;
    if (!caption.text.trim()) {
      line?.remove();
      this.#lines.delete(caption.segment);
      return;
    }
    this.box.hidden = false;
    // Someone who scrolled back to read is left where they are.
    const follow = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < FOLLOW_PX;
    this.#fill(line ?? this.#add(caption), caption);
    if (follow) this.showLatest();
  }

  /** How often each has spoken: lines of one speaker in a row are one turn. */
  turns(): Record<Speaker, number> {
    const turns = { caller: 0, companion: 0 };
    let last: string | undefined;
    for (const line of this.#list.children) {
      const speaker = (line as HTMLLIElement).dataset["speaker"] as Speaker;
      if (speaker !== last) turns[speaker] += 1;
      last = speaker;
    }
    return turns;
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
    this.#list.append(line);
    return line;
  }

  #fill(line: HTMLLIElement, caption: Caption): void {
    line.dataset["final"] = String(caption.final);
    const text = line.querySelector(".text");
    if (text) text.textContent = caption.text.trim();
  }
}
