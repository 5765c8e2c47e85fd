import { Captions } from "./captions";
import type { CallState, Problem } from "./states";
import type { Words } from "./words";

function part<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

const RESTING: ReadonlySet<CallState> = new Set(["idle", "ended", "failed"]);

/** The page's elements, and what they show. */
export class View {
  readonly name = part<HTMLInputElement>("name");
  readonly start = part<HTMLFormElement>("start");
  readonly hangup = part<HTMLButtonElement>("hangup");
  readonly voice = part<HTMLAudioElement>("voice");
  readonly captions: Captions;
  readonly #main = document.querySelector("main") as HTMLElement;
  readonly #state = part("state");
  readonly #problem = part("problem");
  readonly #duration = part("duration");
  readonly #call = part<HTMLButtonElement>("call");
  readonly #list = part("captions");

  constructor(
    private readonly words: Words,
    language: string,
  ) {
    document.documentElement.lang = language;
    part("title").textContent = words.title;
    part("name-label").textContent = words.nameLabel;
    this.#call.textContent = words.call;
    this.hangup.textContent = words.hangUp;
    this.#list.setAttribute("aria-label", words.captions);
    this.captions = new Captions(this.#list, words);
    this.showState("idle");
  }

  /** A new call begins: what was said in the last one goes. */
  begin(): void {
    this.captions.clear();
    this.#list.hidden = true;
    this.#problem.hidden = true;
    this.#duration.hidden = true;
    delete this.#main.dataset["problem"];
  }

  showState(state: CallState): void {
    const resting = RESTING.has(state);
    const focused = document.activeElement;
    this.#main.dataset["state"] = state;
    this.#state.textContent = this.words.states[state];
    this.start.hidden = !resting;
    this.hangup.hidden = resting;
    if (!resting && (focused === this.#call || focused === this.name)) this.hangup.focus();
  }

  showCaptions(): void {
    this.#list.hidden = false;
  }

  showMuted(muted: boolean): void {
    this.#problem.textContent = muted ? this.words.tapToHear : "";
    this.#problem.hidden = !muted;
  }

  end(problem: Problem | null, talkedMs: number | null): void {
    const hadFocus = document.activeElement === this.hangup;
    this.showState(problem ? "failed" : "ended");
    this.#problem.hidden = problem === null;
    if (problem) {
      this.#main.dataset["problem"] = problem;
      this.#problem.textContent = this.words.problems[problem];
    }
    if (talkedMs !== null) {
      const seconds = Math.round(talkedMs / 1000);
      this.#duration.textContent = this.words.duration(Math.floor(seconds / 60), seconds % 60);
      this.#duration.hidden = false;
    }
    this.#call.textContent = this.words.callAgain;
    if (hadFocus) this.#call.focus();
    this.captions.showLatest();
  }
}
