import type { Room, TextStreamReader } from "livekit-client";

/** livekit-agents' text streams: `livekit/agents/types.py`. */
const TOPIC = "lk.transcription";
const SEGMENT = "lk.segment_id";
const FINAL = "lk.transcription_final";

export type Speaker = "caller" | "companion";

/** One segment as far as it is known. A later caption with the same `segment` replaces it. */
export interface Caption {
  segment: string;
  speaker: Speaker;
  text: string;
  final: boolean;
}

/**
 * Reports both sides' captions. The companion's segment is one stream that grows with its voice; each
 * guess at the caller's words is a stream of its own under the same segment.
 */
export function readTranscription(room: Room, report: (caption: Caption) => void): void {
  room.registerTextStreamHandler(TOPIC, (reader, { identity }) => {
    const speaker = identity === room.localParticipant.identity ? "caller" : "companion";
    void read(reader, speaker, report);
  });
}

async function read(reader: TextStreamReader, speaker: Speaker, report: (caption: Caption) => void): Promise<void> {
  const segment = reader.info.attributes?.[SEGMENT] ?? reader.info.id;
  let text = "";
  try {
    for await (const piece of reader) {
      text += piece;
      report({ segment, speaker, text, final: false });
    }
  } catch {
    // The sender went away in the middle: what arrived stays.
  }
  // The end of a stream may turn an attribute: the companion's segment becomes final there.
  report({ segment, speaker, text, final: reader.info.attributes?.[FINAL] === "true" });
}
