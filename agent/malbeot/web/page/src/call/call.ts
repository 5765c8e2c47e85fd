import type { LocalAudioTrack } from "livekit-client";
import { remembered } from "../memory";
import { type Ticket, endCall, newSession, requestCall } from "../service";
import { CallFailed, type CallState, type Hint, isTalking } from "../states";
import type { Language } from "../words";
import { turnCamera } from "./camera";
import { Connection, type End, type Listener } from "./connection";
import { meter } from "./meter";
import { changeMicrophone, openMicrophone } from "./microphone";
import type { Caption } from "./transcription";

/** What a call tells the page. */
export interface CallListener extends Listener {
  /** How loud the microphone is, 0 to 1. */
  level(level: number): void;
  /** Told once. `talkedMs` counts from when the companion was there; null where it never was. */
  over(failure: CallFailed | null, talkedMs: number | null): void;
}

export interface Caller {
  name: string;
  language: Language;
  /** Whether the caller speaks; otherwise they type, and no microphone is asked for. */
  speaks: boolean;
}

/** The page's elements that a call plays in. */
export interface Screen {
  voice: HTMLAudioElement;
  selfView: HTMLVideoElement;
}

const MOST_REDIALS = 3;
const PLACE_BACK_WITHIN_MS = 2000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, ms));
}

/** One call, from the microphone to the hang-up. It calls again by itself when the connection is lost for good. */
export class Call {
  #connection: Connection | undefined;
  #ticket: Ticket | undefined;
  #opening: Promise<LocalAudioTrack> | undefined;
  #microphone: LocalAudioTrack | undefined;
  #unmeter: (() => void) | undefined;
  #answeredAt: number | undefined;
  #muted = false;
  #turnsCamera = false;
  #redials = 0;
  /** What was said before the connection was lost is remembered. The next call begins a conversation of its own. */
  readonly #session = newSession();
  #over = false;

  constructor(
    private readonly caller: Caller,
    private readonly screen: Screen,
    private readonly listener: CallListener,
  ) {}

  /** Calls. Failures are told to the listener. */
  async dial(): Promise<void> {
    this.#tell("dialling");
    try {
      if (this.caller.speaks) this.#microphone = await (this.#opening = openMicrophone());
      if (this.#over) return this.#microphone?.stop();
      if (this.#muted) await this.#microphone?.mute();
      if (this.#microphone) this.#measure(this.#microphone);
      await this.#connect();
    } catch (error) {
      this.#end(error instanceof CallFailed ? error : new CallFailed("server-down"));
    }
  }

  /** A browser that cannot measure is no reason not to call. */
  #measure(microphone: LocalAudioTrack): void {
    try {
      this.#unmeter = meter(microphone, (level) => this.listener.level(level));
    } catch {
      this.listener.level(0);
    }
  }

  get speaks(): boolean {
    return this.caller.speaks;
  }

  /** Plays the voice where the browser waited for a touch. To be called from the touch itself. */
  async unsilence(): Promise<void> {
    const room = this.#connection?.room;
    if (room && !room.canPlaybackAudio) await room.startAudio().catch(() => undefined);
  }

  /** Works at any time: a microphone that opens later opens muted. */
  async mute(muted: boolean): Promise<void> {
    this.#muted = muted;
    if (muted) await this.#microphone?.mute();
    else await this.#microphone?.unmute();
  }

  /** Returns why the camera does not work, null where it does; undefined where nothing came of it. */
  async turnCamera(on: boolean): Promise<Hint | null | undefined> {
    const connection = this.#connection;
    // While the browser asks, asking once more would open a second one.
    if (!connection || this.#turnsCamera) return undefined;
    const there = () => this.#connection === connection;
    this.#turnsCamera = true;
    try {
      const hint = await turnCamera(connection.room.localParticipant, on, this.screen.selfView, there);
      return there() ? hint : undefined;
    } finally {
      this.#turnsCamera = false;
    }
  }

  /** Throws where the browser refuses the device. Works at any time: a microphone that is being opened is awaited. */
  async choose(kind: "audioinput" | "audiooutput", device: string): Promise<void> {
    if (kind === "audiooutput") return void (await this.#connection?.room.switchActiveDevice(kind, device));
    // Why it did not open is told by the end of the call.
    const microphone = await this.#opening?.catch(() => undefined);
    if (microphone && !this.#over) await changeMicrophone(microphone, device, () => !this.#over);
  }

  /** Says `text` in writing. Throws where it does not get through. */
  async write(text: string): Promise<void> {
    const caption = await this.#connection?.write(text);
    if (caption && !this.#over) this.listener.caption(caption);
  }

  hangUp(): void {
    this.#end(null);
  }

  async #connect(): Promise<void> {
    const ticket = await requestCall(this.caller.name, this.caller.language, this.#session);
    if (this.#over) return endCall(ticket);
    this.#ticket = ticket;
    const connection = new Connection(this.screen.voice, this.#relay(), (end) => void this.#ended(end));
    this.#connection = connection;
    await connection.join(ticket, this.#microphone);
    const speaker = remembered("speaker");
    // One that is not there any more is no reason to hear nothing: the browser's own choice stays.
    if (speaker) await this.choose("audiooutput", speaker).catch(() => undefined);
  }

  #relay(): Listener {
    return {
      state: (state) => {
        if (isTalking(state)) this.#answeredAt ??= performance.now();
        // Until the companion is there again, the caller reads why the line is still.
        const waits = this.#redials > 0 && (state === "ringing" || state === "initializing");
        this.#tell(waits ? "redialling" : state);
      },
      caption: (caption: Caption) => this.listener.caption(caption),
      heard: (heard) => this.listener.heard(heard),
      silenced: (silenced) => this.listener.silenced(silenced),
    };
  }

  async #ended(end: End): Promise<void> {
    if (end === "over") return this.#end(null);
    // A server that was started again is sooner there than its companions.
    const again = end === "lost" || (end === "no-answer" && this.#redials > 0);
    if (!again) return this.#end(new CallFailed(end));
    if (this.#redials === MOST_REDIALS) return this.#end(new CallFailed("connection-lost"));
    this.#redials += 1;
    this.#tell("redialling");
    // In a full house the place of the call that is lost is the only one.
    await Promise.race([this.#leave(), pause(PLACE_BACK_WITHIN_MS)]);
    if (this.#over) return;
    try {
      await this.#connect();
    } catch (error) {
      this.#end(error instanceof CallFailed && error.problem === "full" ? error : new CallFailed("connection-lost"));
    }
  }

  #tell(state: CallState): void {
    if (!this.#over) this.listener.state(state);
  }

  async #leave(): Promise<void> {
    this.#connection?.leave();
    const ended = this.#ticket && endCall(this.#ticket);
    this.#connection = this.#ticket = undefined;
    this.screen.voice.srcObject = null;
    this.screen.selfView.srcObject = null;
    await ended;
  }

  #end(failure: CallFailed | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#unmeter?.();
    this.#microphone?.stop();
    void this.#leave();
    const talkedMs = this.#answeredAt === undefined ? null : performance.now() - this.#answeredAt;
    this.listener.over(failure, talkedMs);
  }
}
