import {
  DisconnectReason,
  type LocalAudioTrack,
  LogLevel,
  type Participant,
  Room,
  RoomEvent,
  Track,
  setLogLevel,
} from "livekit-client";
import { openMicrophone } from "./microphone";
import { requestCall } from "./service";
import { CallFailed, type CallState, type Problem } from "./states";
import { type Caption, readTranscription } from "./transcription";
import type { Language } from "./words";

const AGENT_STATE = "lk.agent.state";
const AGENT_STATES: ReadonlySet<string> = new Set(["initializing", "listening", "thinking", "speaking"]);
const ANSWER_WITHIN_MS = 10_000;

setLogLevel(LogLevel.warn);

/** What a call tells the page. */
export interface Listener {
  state(state: CallState): void;
  caption(caption: Caption): void;
  /** Whether the browser waits for a touch before it plays the voice. */
  muted(muted: boolean): void;
  /** Told once. `talkedMs` counts from when the companion was there; null where it never was. */
  over(problem: Problem | null, talkedMs: number | null): void;
}

/** One call, from the microphone to the hang-up. */
export class Call {
  readonly #room = new Room({ disconnectOnPageLeave: true });
  #microphone: LocalAudioTrack | undefined;
  #companion: string | undefined;
  #answeredAt: number | undefined;
  #patience: number | undefined;
  #inRoom = false;
  #over = false;

  constructor(
    private readonly voice: HTMLAudioElement,
    private readonly listener: Listener,
  ) {
    readTranscription(this.#room, (caption) => listener.caption(caption));
    this.#room
      .on(RoomEvent.TrackSubscribed, (track) => {
        if (track.kind === Track.Kind.Audio) track.attach(this.voice);
      })
      .on(RoomEvent.ParticipantConnected, (participant) => this.#meet(participant))
      .on(RoomEvent.ParticipantAttributesChanged, (_, participant) => this.#meet(participant))
      .on(RoomEvent.ParticipantDisconnected, (participant) => {
        if (participant.identity === this.#companion) this.#end("companion-left");
      })
      .on(RoomEvent.AudioPlaybackStatusChanged, () => listener.muted(!this.#room.canPlaybackAudio))
      .on(RoomEvent.SignalReconnecting, () => this.#lose())
      .on(RoomEvent.Reconnecting, () => this.#lose())
      .on(RoomEvent.Reconnected, () => this.#ring())
      .on(RoomEvent.Disconnected, (reason) => {
        // Before the room was reached, what `connect` throws says more.
        if (this.#inRoom) this.#end(problemOf(reason));
      });
  }

  /** Calls. Failures are told to the listener. */
  async dial(name: string, language: Language): Promise<void> {
    this.#tell("dialling");
    try {
      this.#microphone = await openMicrophone();
      if (this.#over) return this.#microphone.stop();
      const ticket = await requestCall(name, language);
      if (this.#over) return;
      await this.#connect(ticket.url, ticket.token);
    } catch (error) {
      const problem = this.#inRoom ? "connection-lost" : "server-down";
      this.#end(error instanceof CallFailed ? error.problem : problem);
    }
  }

  /** Plays the voice where the browser waited for a touch. To be called from the touch itself. */
  async unmute(): Promise<void> {
    if (!this.#room.canPlaybackAudio) await this.#room.startAudio().catch(() => undefined);
  }

  hangUp(): void {
    this.#end(null);
  }

  async #connect(url: string, token: string): Promise<void> {
    await this.#room.connect(url, token);
    if (this.#over) return void this.#room.disconnect();
    this.#inRoom = true;
    this.#ring();
    if (this.#microphone) {
      await this.#room.localParticipant.publishTrack(this.#microphone, { source: Track.Source.Microphone });
    }
  }

  /** The connection is gone for now; LiveKit's client tries to get it back. */
  #lose(): void {
    window.clearTimeout(this.#patience);
    this.#tell("reconnecting");
  }

  /** In the room, anew or again: who is there? */
  #ring(): void {
    if (this.#over) return;
    this.#tell("ringing");
    this.#patience = window.setTimeout(() => this.#end("no-answer"), ANSWER_WITHIN_MS);
    for (const participant of this.#room.remoteParticipants.values()) this.#meet(participant);
  }

  #meet(participant: Participant): void {
    if (!participant.isAgent) return;
    window.clearTimeout(this.#patience);
    this.#companion = participant.identity;
    this.#answeredAt ??= performance.now();
    const state = participant.attributes[AGENT_STATE] ?? "initializing";
    if (AGENT_STATES.has(state)) this.#tell(state as CallState);
  }

  #tell(state: CallState): void {
    if (!this.#over) this.listener.state(state);
  }

  #end(problem: Problem | null): void {
    if (this.#over) return;
    this.#over = true;
    window.clearTimeout(this.#patience);
    this.#microphone?.stop();
    void this.#room.disconnect();
    this.voice.srcObject = null;
    const talkedMs = this.#answeredAt === undefined ? null : performance.now() - this.#answeredAt;
    this.listener.over(problem, talkedMs);
  }
}

function problemOf(reason: DisconnectReason | undefined): Problem | null {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.PARTICIPANT_REMOVED:
      return null;
    default:
      return "connection-lost";
  }
}
