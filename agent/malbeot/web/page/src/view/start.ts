import type { CallFailed, Problem } from "../states";
import type { Words } from "../words";
import { DeviceList } from "./devices";
import { part } from "./part";

const WANTS_CODE: ReadonlySet<Problem> = new Set(["code-wanted", "code-wrong", "invitation-refused"]);
const CAN_TYPE: ReadonlySet<Problem> = new Set([
  "microphone-refused",
  "microphone-missing",
  "microphone-busy",
  "insecure-page",
]);
/** Another one may be there, or free. */
const WANTS_MICROPHONE: ReadonlySet<Problem> = new Set(["microphone-missing", "microphone-busy"]);

/** What there is before and after a call: the name, the access code where one is wanted, and the button. */
export class Start {
  readonly form = part<HTMLFormElement>("start");
  readonly name = part<HTMLInputElement>("name");
  readonly code = part<HTMLInputElement>("code");
  readonly typing = part<HTMLButtonElement>("call-typing");
  readonly #call = part<HTMLButtonElement>("call");
  readonly #codeLabel = part("code-label");
  readonly #microphones: DeviceList;
  #wantsMicrophone = false;
  #countdown: number | undefined;

  constructor(private readonly words: Words) {
    part("name-label").textContent = words.nameLabel;
    this.#codeLabel.textContent = words.codeLabel;
    this.#call.textContent = words.call;
    this.#call.disabled = false;
    this.typing.textContent = words.callTyping;
    this.#microphones = new DeviceList("other-microphone", "audioinput", words, words.otherMicrophone, async () => true);
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#offerMicrophones());
  }

  /** Whether a call would only be refused again. */
  get waits(): boolean {
    return this.#countdown !== undefined;
  }

  get hasFocus(): boolean {
    return this.form.contains(document.activeElement);
  }

  focus(): void {
    (this.code.hidden ? this.#call : this.code).focus();
  }

  /** A code that is not `needed` may be left out. */
  askForCode(asked: boolean, needed = asked): void {
    this.code.hidden = this.#codeLabel.hidden = !asked;
    this.code.required = asked && needed;
  }

  /** After a call. `ready` is called when another try makes sense, if it makes none at once. */
  again(failure: CallFailed | null, ready: () => void): void {
    this.#call.textContent = this.words.callAgain;
    const wantsCode = failure !== null && WANTS_CODE.has(failure.problem);
    this.askForCode(wantsCode, failure?.problem !== "invitation-refused");
    this.code.value = "";
    this.typing.hidden = !failure || !CAN_TYPE.has(failure.problem);
    this.#wantsMicrophone = failure !== null && WANTS_MICROPHONE.has(failure.problem);
    void this.#offerMicrophones();
    if (failure?.waitS) this.#wait(failure.waitS, ready);
  }

  async #offerMicrophones(): Promise<void> {
    const named = this.#wantsMicrophone ? await this.#microphones.list() : 0;
    this.#microphones.show(this.#wantsMicrophone && named > 1);
  }

  #wait(seconds: number, ready: () => void): void {
    const end = performance.now() + seconds * 1000;
    const tick = (): void => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (left > 0) {
        this.#call.textContent = this.words.callAgainIn(left);
        return;
      }
      window.clearInterval(this.#countdown);
      this.#countdown = undefined;
      this.#call.removeAttribute("aria-disabled");
      this.#call.textContent = this.words.callAgain;
      ready();
    };
    // Not `disabled`, which would take the focus from under the caller.
    this.#call.setAttribute("aria-disabled", "true");
    this.#countdown = window.setInterval(tick, 250);
    tick();
  }
}
