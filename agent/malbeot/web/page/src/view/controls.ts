import { type CallState, isTalking } from "../states";
import type { Words } from "../words";
import { part } from "./part";

/** What there is during a call: the level, mute, more, hang up, and a line to type in. */
export class Controls {
  readonly hangup = part<HTMLButtonElement>("hangup");
  readonly mute = part<HTMLButtonElement>("mute");
  readonly more = part<HTMLButtonElement>("more");
  readonly typing = part<HTMLFormElement>("typing");
  readonly line = part<HTMLInputElement>("words");
  readonly #box = part("controls");
  readonly #hearing = part("hearing");
  readonly #level = part<HTMLMeterElement>("level");
  readonly #levelLabel = part("level-label");
  readonly #send = part<HTMLButtonElement>("send");

  constructor(private readonly words: Words) {
    this.#box.setAttribute("aria-label", words.controls);
    this.hangup.textContent = words.hangUp;
    this.more.textContent = words.more;
    this.#levelLabel.textContent = words.level;
    part("words-label").textContent = words.typeLabel;
    this.#send.textContent = words.send;
  }

  /** A call begins. Who does not speak types. */
  begin(speaks: boolean): void {
    this.showMuted(false);
    this.#hearing.hidden = this.mute.hidden = !speaks;
    this.typing.hidden = speaks;
    this.line.value = "";
  }

  showState(state: CallState, resting: boolean): void {
    this.#box.hidden = resting;
    // Before the companion is there nobody would read it.
    this.#send.setAttribute("aria-disabled", String(!isTalking(state)));
  }

  get canSend(): boolean {
    return this.#send.getAttribute("aria-disabled") === "false";
  }

  get isMuted(): boolean {
    return this.mute.dataset["muted"] === "true";
  }

  showMuted(muted: boolean): void {
    this.mute.dataset["muted"] = String(muted);
    // What pressing it does.
    this.mute.textContent = muted ? this.words.unmute : this.words.mute;
    this.#level.hidden = muted;
    this.#levelLabel.textContent = muted ? this.words.muted : this.words.level;
  }

  showLevel(level: number): void {
    this.#level.value = level;
  }

  showTyping(shown: boolean): void {
    this.typing.hidden = !shown;
    (shown ? this.line : this.more).focus();
  }

  get hasFocus(): boolean {
    return this.#box.contains(document.activeElement);
  }
}
