import { Room, supportsAudioOutputSelection } from "livekit-client";
import { remember, remembered } from "../memory";
import type { Words } from "../words";
import { part } from "./part";

/** What the panel behind "More" asks for. */
export interface PanelWishes {
  type(): void;
  camera(on: boolean): void;
  volume(volume: number): void;
  device(kind: "audioinput" | "audiooutput", id: string): void;
}

/** The extras: typing, the camera, the voice's volume, microphone and speaker. Escape closes it. */
export class Panel {
  readonly #dialog = part<HTMLDialogElement>("panel");
  readonly #type = part<HTMLButtonElement>("type");
  readonly #camera = part<HTMLButtonElement>("camera");
  readonly #volume = part<HTMLInputElement>("volume");
  readonly #microphone = part<HTMLSelectElement>("microphone");
  readonly #speaker = part<HTMLSelectElement>("speaker");

  constructor(
    private readonly words: Words,
    wishes: PanelWishes,
  ) {
    part("panel-title").textContent = words.more;
    part("volume-label").textContent = words.volume;
    part("microphone-label").textContent = words.microphone;
    part("speaker-label").textContent = words.speaker;
    part("close").textContent = words.close;
    this.#type.textContent = words.type;
    this.#camera.textContent = words.camera;
    this.#volume.value = remembered("volume") || "100";

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
    this.#microphone.addEventListener("change", () => this.#choose("audioinput", this.#microphone, wishes));
    this.#speaker.addEventListener("change", () => this.#choose("audiooutput", this.#speaker, wishes));
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
    show(this.#microphone, speaks);
    show(this.#speaker, supportsAudioOutputSelection());
    const volume = voice.volume;
    voice.volume = 0.5;
    show(this.#volume, voice.volume === 0.5);
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

  #choose(kind: "audioinput" | "audiooutput", from: HTMLSelectElement, wishes: PanelWishes): void {
    remember(kind === "audioinput" ? "microphone" : "speaker", from.value);
    wishes.device(kind, from.value);
  }

  async #list(): Promise<void> {
    if (!navigator.mediaDevices) return;
    await fill(this.#microphone, "audioinput", remembered("microphone"), this.words);
    await fill(this.#speaker, "audiooutput", remembered("speaker"), this.words);
  }
}

function show(field: HTMLInputElement | HTMLSelectElement, shown: boolean): void {
  field.hidden = !shown;
  for (const label of field.labels ?? []) label.hidden = !shown;
}

async function fill(list: HTMLSelectElement, kind: MediaDeviceKind, chosen: string, words: Words): Promise<void> {
  const devices = await Room.getLocalDevices(kind, false);
  const options = devices.map(({ deviceId, label }, index) => {
    const option = document.createElement("option");
    option.value = deviceId;
    option.textContent = label || words.device(index + 1);
    option.selected = deviceId === (chosen || "default");
    return option;
  });
  list.replaceChildren(...options);
  if (!options.length) show(list, false);
}
