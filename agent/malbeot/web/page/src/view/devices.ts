import { Room } from "livekit-client";
import { remember, remembered } from "../memory";
import type { Words } from "../words";
import { part } from "./part";

export type DeviceKind = "audioinput" | "audiooutput";

const REMEMBERED = { audioinput: "microphone", audiooutput: "speaker" } as const;
/** Browsers list these beside the device that they stand for. */
const ALIASES: ReadonlySet<string> = new Set(["default", "communications"]);

/** A list of microphones or speakers. What is chosen is remembered. */
export class DeviceList {
  readonly #field: HTMLSelectElement;

  /** `choose` says whether the device works: one that does not is not remembered. */
  constructor(
    id: string,
    private readonly kind: DeviceKind,
    private readonly words: Words,
    label: string,
    choose: (device: string) => Promise<boolean>,
  ) {
    this.#field = part<HTMLSelectElement>(id);
    for (const element of this.#field.labels) element.textContent = label;
    this.#field.addEventListener("change", () => void this.#choose(choose));
  }

  show(shown: boolean): void {
    this.#field.hidden = !shown;
    for (const element of this.#field.labels) element.hidden = !shown;
  }

  /** Lists the devices, and returns how many there are that the browser names. */
  async list(): Promise<number> {
    const devices = navigator.mediaDevices ? await Room.getLocalDevices(this.kind, false) : [];
    const options = devices.map(({ deviceId, label }, index) => {
      const option = document.createElement("option");
      option.value = deviceId;
      option.textContent = label || this.words.device(index + 1);
      return option;
    });
    this.#field.replaceChildren(...options);
    if (!options.length) this.show(false);
    this.#field.value = remembered(REMEMBERED[this.kind]);
    // Where none of them is the browser's own choice, none is shown as chosen: the first can be chosen, too.
    if (this.#field.selectedIndex < 0) this.#field.value = "default";
    return devices.filter(({ deviceId, label }) => label && !ALIASES.has(deviceId)).length;
  }

  async #choose(choose: (device: string) => Promise<boolean>): Promise<void> {
    const device = this.#field.value;
    if (await choose(device)) remember(REMEMBERED[this.kind], device);
    else await this.list();
  }
}
