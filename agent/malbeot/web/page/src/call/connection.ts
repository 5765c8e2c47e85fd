import {
  ConnectionState,
  DefaultReconnectPolicy,
  DisconnectReason,
  type LocalAudioTrack,
  LogLevel,
  type Participant,
  ParticipantEvent,
  type RemoteAudioTrack,
  Room,
  RoomEvent,
  Track,
  setLogLevel,
} from "livekit-client";
import type { Ticket } from "../service";
import type { CallState } from "../states";
import { heartbeat } from "./heartbeat";
import { type Caption, readTranscription } from "./transcription";

const AGENT_STATE = "lk.agent.state";
const AGENT_STATES: ReadonlySet<string> = new Set(["initializing", "listening", "thinking", "speaking"]);
/** livekit-agents takes text on this topic for what the caller says. */
const CHAT = "lk.chat";
/** Several callers at once wait for the processes that answer them to load. */
const ANSWER_WITHIN_MS = 20_000;
/** After a loss: who was in the room is seen at once, and who is only sent for is not worth waiting for. */
const STILL_THERE_WITHIN_MS = 6_000;
const WEBSOCKET_WITHIN_MS = 5_000;
/** Some 25 s of tries, which begin up to 15 s after the loss: longer than it takes to walk to another Wi-Fi. */
const RETRY_DELAYS_MS = [0, 300, 1000, ...Array<number>(12).fill(2000)];

setLogLevel(LogLevel.warn);

/** How a connection ended: the call is over; nobody came; the companion went; it broke and did not come back. */
export type End = "over" | "no-answer" | "companion-left" | "lost";

export interface Listener {
  state(state: CallState): void;
  caption(caption: Caption): void;
  /** Whether the caller is heard speaking. */
  heard(heard: boolean): void;
  /** Whether the browser waits for a touch before it plays the voice. */
  silenced(silenced: boolean): void;
}

/** One stay in one room. */
export class Connection {
  readonly room = new Room({
    disconnectOnPageLeave: true,
    // The microphone outlives a connection that is made anew.
    stopLocalTrackOnUnpublish: false,
    reconnectPolicy: new DefaultReconnectPolicy(RETRY_DELAYS_MS),
  });
  readonly #listener: Listener;
  readonly #end: (end: End) => void;
  #companion: string | undefined;
  #patience: number | undefined;
  #inRoom = false;
  #unwatch: (() => void) | undefined;
  #alive = true;
  #sid: string | undefined;
  #regained = false;
  #over = false;

  /** `end` is told once, and never after `leave`. */
  constructor(voice: HTMLAudioElement, listener: Listener, end: (end: End) => void) {
    this.#listener = listener;
    this.#end = end;
    readTranscription(this.room, (caption) => {
      if (!this.#over) listener.caption(caption);
    });
    this.room
      .on(RoomEvent.TrackSubscribed, (track) => {
        if (track.kind !== Track.Kind.Audio) return;
        (track as RemoteAudioTrack).attach(voice);
        this.#unwatch?.();
        this.#alive = true;
        this.#unwatch = heartbeat(track, (alive) => this.#feel(alive));
      })
      .on(RoomEvent.ParticipantConnected, (participant) => this.#meet(participant))
      .on(RoomEvent.ParticipantAttributesChanged, (_, participant) => this.#meet(participant))
      .on(RoomEvent.ParticipantDisconnected, (participant) => {
        // A reconnecting room lets everybody go first and only then says that it reconnects.
        if (participant.identity === this.#companion) queueMicrotask(() => this.#miss());
      })
      .on(RoomEvent.AudioPlaybackStatusChanged, () => listener.silenced(!this.room.canPlaybackAudio))
      .on(RoomEvent.SignalReconnecting, () => this.#lose())
      .on(RoomEvent.Reconnecting, () => this.#lose())
      .on(RoomEvent.Reconnected, () => this.#regain())
      .on(RoomEvent.Disconnected, (reason) => {
        // Before the room was reached, what `join` throws says more.
        if (this.#inRoom) this.#finish(this.#endOf(reason));
      });
    this.room.localParticipant.on(ParticipantEvent.IsSpeakingChanged, (heard) => listener.heard(heard));
  }

  /** Throws where the room cannot be reached; what breaks later is an `end`. Without a microphone the caller types. */
  async join({ url, token }: Ticket, microphone: LocalAudioTrack | undefined): Promise<void> {
    await this.room.connect(url, token, { websocketTimeout: WEBSOCKET_WITHIN_MS });
    if (this.#over) return void this.room.disconnect(false);
    this.#inRoom = true;
    this.#look(ANSWER_WITHIN_MS);
    this.#sid = this.room.localParticipant.sid;
    try {
      if (microphone) {
        await this.room.localParticipant.publishTrack(microphone, { source: Track.Source.Microphone });
      }
    } catch {
      // The connection broke in between, or nobody would hear the caller: either way the call has to be made anew.
      this.#finish("lost");
    }
  }

  /** Says `text` in writing, and returns it as the caption of a caller. Throws where it does not get through. */
  async write(text: string): Promise<Caption> {
    const { id } = await this.room.localParticipant.sendText(text, { topic: CHAT });
    return { segment: id, speaker: "caller", text, final: true };
  }

  /** Leaves, with the camera off. The microphone stays open. */
  leave(): void {
    this.#close();
    this.room.localParticipant.getTrackPublication(Track.Source.Camera)?.track?.stop();
    void this.room.disconnect(false);
  }

  #feel(alive: boolean): void {
    this.#alive = alive;
    if (!alive) this.#lose();
    else if (this.room.state === ConnectionState.Connected) this.#look(STILL_THERE_WITHIN_MS);
  }

  #lose(): void {
    window.clearTimeout(this.#patience);
    this.#tell("reconnecting");
  }

  /**
   * Whoever had to join anew is a stranger to the companion, which goes on waiting for the one it knew and may delete
   * the room; after a restart of the server the room itself is another one, too.
   */
  #regain(): void {
    this.#regained = this.#alive = true;
    if (this.#sid !== undefined && this.room.localParticipant.sid !== this.#sid) this.#finish("lost");
    else this.#look(STILL_THERE_WITHIN_MS);
  }

  /** In the room, anew or again: who is there? */
  #look(withinMs: number): void {
    if (this.#over) return;
    window.clearTimeout(this.#patience);
    const companion = [...this.room.remoteParticipants.values()].find((participant) => participant.isAgent);
    if (companion) return this.#meet(companion);
    this.#tell("ringing");
    this.#patience = window.setTimeout(() => this.#finish(this.#regained ? "lost" : "no-answer"), withinMs);
  }

  #meet(participant: Participant): void {
    if (!participant.isAgent) return;
    window.clearTimeout(this.#patience);
    this.#companion = participant.identity;
    const state = participant.attributes[AGENT_STATE] ?? "initializing";
    const reached = this.#alive && this.room.state === ConnectionState.Connected;
    if (reached && AGENT_STATES.has(state)) this.#tell(state as CallState);
  }

  /** The service ends calls to which no companion comes, as the page does: it may be the first to lose patience. */
  #endOf(reason: DisconnectReason | undefined): End {
    const forsaken = reason === DisconnectReason.ROOM_DELETED && this.#companion === undefined;
    if (forsaken && !this.#regained) return "no-answer";
    return isOver(reason) && !forsaken ? "over" : "lost";
  }

  #miss(): void {
    if (this.room.state === ConnectionState.Connected) this.#finish("companion-left");
  }

  #tell(state: CallState): void {
    if (!this.#over) this.#listener.state(state);
  }

  #finish(end: End): void {
    if (this.#over) return;
    this.#close();
    this.#end(end);
  }

  #close(): void {
    this.#over = true;
    this.#unwatch?.();
    window.clearTimeout(this.#patience);
  }
}

function isOver(reason: DisconnectReason | undefined): boolean {
  return (
    reason === DisconnectReason.CLIENT_INITIATED ||
    reason === DisconnectReason.ROOM_DELETED ||
    reason === DisconnectReason.PARTICIPANT_REMOVED
  );
}
