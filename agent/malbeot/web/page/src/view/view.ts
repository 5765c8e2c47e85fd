import { type CallFailed, type CallState, isResting } from "../states";
import type { Words } from "../words";
import { Captions } from "./captions";
import { Controls } from "./controls";
import { part } from "./part";
import { Start } from "./start";
import { Status } from "./status";

/** The page's elements, and what they show. */
export class View {
  readonly voice = part<HTMLAudioElement>("voice");
  readonly selfView = part<HTMLVideoElement>("self-view");
  readonly start: Start;
  readonly controls: Controls;
  readonly captions: Captions;
  readonly status: Status;
  readonly #summary = part("summary");

  constructor(
    private readonly words: Words,
    language: string,
  ) {
    document.documentElement.lang = language;
    part("title").textContent = words.title;
    this.selfView.setAttribute("aria-label", words.selfView);
    this.start = new Start(words);
    this.controls = new Controls(words);
    this.captions = new Captions(part("captions"), words);
    this.status = new Status(words);
    this.showState("idle");
  }

  /** A new call begins: what was said in the last one goes. */
  begin(speaks: boolean): void {
    this.captions.clear();
    this.status.clear();
    this.#summary.hidden = true;
    this.controls.begin(speaks);
    this.status.showHearing(speaks ? "voice" : "typed");
    this.status.showHeard(false);
  }

  showState(state: CallState): void {
    const resting = isResting(state);
    const hadFocus = this.start.hasFocus;
    this.start.form.hidden = !resting;
    this.controls.showState(state, resting);
    this.status.show(state);
    if (!resting && hadFocus) (this.controls.typing.hidden ? this.controls.hangup : this.controls.line).focus();
  }

  showCamera(on: boolean): void {
    this.selfView.hidden = !on;
  }

  end(failure: CallFailed | null, talkedMs: number | null): void {
    const hadFocus = this.controls.hasFocus || document.activeElement === document.body;
    this.status.clear();
    this.showCamera(false);
    this.showState(failure ? "failed" : "ended");
    if (failure) this.status.showProblem(failure.problem);
    if (talkedMs !== null) this.#sum(talkedMs);
    this.start.again(failure, () => this.status.announce(this.words.callNow));
    if (hadFocus) this.start.focus();
    this.captions.showLatest();
  }

  #sum(talkedMs: number): void {
    const seconds = Math.round(talkedMs / 1000);
    const { caller, companion } = this.captions.turns();
    part("duration").textContent = this.words.duration(Math.floor(seconds / 60), seconds % 60);
    part("turns").textContent = this.words.turns(caller, companion);
    this.#summary.hidden = false;
  }
}
