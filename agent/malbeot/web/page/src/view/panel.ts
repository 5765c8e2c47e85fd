import { supportsAudioOutputSelection } from "livekit-client";
import { remember, remembered } from "../memory";
import type { Words } from "../words";
import { type DeviceKind, DeviceList } from "./devices";
import { part } from "./part";

/** What the panel behind "More" asks for. */
export interface PanelWishes {
  type(): void;
  camera(on: boolean): void;
  volume(volume: number): void;
  /** Whether the device works. */
  device(kind: DeviceKind, id: string): Promise<boolean>;
}

/** The extras: typing, the camera, the voice's volume, microphone and speaker. Escape closes it. */
export class Panel {
  readonly #dialog = part<HTMLDialogElement>("panel");
  readonly #type = part<HTMLButtonElement>("type");
  readonly #camera = part<HTMLButtonElement>("camera");
  readonly #volume = part<HTMLInputElement>("volume");
  readonly #microphones: DeviceList;
  readonly #speakers: DeviceList;

  constructor(words: Words, wishes: PanelWishes) {
    part("panel-title").textContent = words.more;
    part("volume-label").textContent = words.volume;
    part("close").textContent = words.close;
    this.#type.textContent = words.type;
    this.#camera.textContent = words.camera;
    this.#volume.value = remembered("volume") || "100";

    const choose = (kind: DeviceKind) => (id: string) => wishes.device(kind, id);
    this.#microphones = new DeviceList("microphone", "audioinput", words, words.microphone, choose("audioinput"));
    this.#speakers = new DeviceList("speaker", "audiooutput", words, words.speaker, choose("audiooutput"));

    part("close").addEventListener("click", () => this.close());
    this.#type.addEventListener("click", () => {
      this.close();
      wishes.type();
    });
    this.#camera.addEventListener("click", () => {
      this.close();
      wishes.camera(this.#camera.getAttribute("aria-pressed") !== "true");
    });
    this.#volume.addEventListener("input", () => {
      remember("volume", this.#volume.value);
      wishes.volume(this.volume);
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => {
      if (this.#dialog.open) void this.#list();
    });
  }

  /** 0 to 1. */
  get volume(): number {
    return Number(this.#volume.value) / 100;
  }

  /** `voice` tells whether the browser lets a page set the volume: phones with buttons for it may not. */
  open(speaks: boolean, types: boolean, voice: HTMLMediaElement): void {
    this.#type.setAttribute("aria-pressed", String(types));
    this.#microphones.show(speaks);
    this.#speakers.show(supportsAudioOutputSelection());
    const volume = voice.volume;
    voice.volume = 0.5;
    this.#volume.hidden = part("volume-label").hidden = voice.volume !== 0.5;
    voice.volume = volume;
    this.#dialog.showModal();
    void this.#list();
  }

  close(): void {
    this.#dialog.close();
  }

  showCamera(on: boolean): void {
    this.#camera.setAttribute("aria-pressed", String(on));
  }

  async #list(): Promise<void> {
    await this.#microphones.list();
    await this.#speakers.list();
  }
}
