import { type CallState, type Hint, type Problem, isTalking } from "../states";
import type { Words } from "../words";
import { part } from "./part";

/** What announces itself: the rest of a call has a voice. */
const ANNOUNCED: ReadonlySet<CallState> = new Set(["dialling", "ringing", "reconnecting", "redialling", "ended"]);

/** Where the call is and what is wrong, in words. */
export class Status {
  readonly #main = document.querySelector("main") as HTMLElement;
  readonly #line = part("state");
  readonly #announcement = part("announcement");
  readonly #problem = part("problem");
  #state: CallState = "idle";
  #heard = false;
  #hearing: "voice" | "muted" | "typed" = "voice";

  constructor(private readonly words: Words) {}

  show(state: CallState): void {
    const before = this.#state;
    this.#state = state;
    this.#main.dataset["state"] = state;
    this.#write();
    // Why it failed is an alert of its own.
    if (state === "failed") this.announce("");
    else if (ANNOUNCED.has(state)) this.announce(this.words.states[state]);
    else if (before === "reconnecting") this.announce(this.words.regained);
    else if (isTalking(state) && !isTalking(before)) this.announce(this.words.answered);
  }

  /** Whether the caller is heard speaking. */
  showHeard(heard: boolean): void {
    this.#heard = heard;
    this.#write();
  }

  /** How the caller can be heard. */
  showHearing(hearing: "voice" | "muted" | "typed"): void {
    this.#hearing = hearing;
    this.#write();
  }

  showProblem(problem: Problem): void {
    this.#main.dataset["problem"] = problem;
    this.#tell(this.words.problems[problem]);
  }

  showHint(hint: Hint | null): void {
    this.#tell(hint ? this.words.hints[hint] : "");
  }

  clear(): void {
    delete this.#main.dataset["problem"];
    this.#tell("");
  }

  announce(words: string): void {
    this.#announcement.textContent = words;
  }

  #tell(words: string): void {
    this.#problem.textContent = words;
    this.#problem.hidden = !words;
  }

  #write(): void {
    const heard = this.#state === "listening" && this.#heard && this.#hearing === "voice";
    this.#main.dataset["heard"] = String(heard);
    this.#line.textContent = heard ? this.words.heard : this.#words();
  }

  #words(): string {
    if (this.#state === "listening" && this.#hearing === "muted") return this.words.listeningMuted;
    if (this.#state === "listening" && this.#hearing === "typed") return this.words.listeningTyped;
    return this.words.states[this.#state];
  }
}
