import type { RemoteTrack } from "livekit-client";

const EVERY_MS = 1000;
/** Browsers ask the other side whether it is there at least every 2.5 s. */
const SILENT_MS = 4000;

/**
 * Reports when nothing at all comes from the other side any more, and when something does again. LiveKit's client
 * begins to reconnect only some 15 s later. Returns what ends it.
 */
export function heartbeat(track: RemoteTrack, report: (alive: boolean) => void): () => void {
  let received: number | null = -1;
  let heardAt = performance.now();
  let alive = true;
  const timer = window.setInterval(() => void beat(), EVERY_MS);

  async function beat(): Promise<void> {
    const now = await receivedBy(track);
    // A browser that does not tell has nothing to say about the line.
    if (now === null || now !== received) heardAt = performance.now();
    received = now;
    const isAlive = performance.now() - heardAt < SILENT_MS;
    if (isAlive !== alive) report((alive = isAlive));
  }

  return () => window.clearInterval(timer);
}

async function receivedBy(track: RemoteTrack): Promise<number | null> {
  let received: number | null = null;
  const stats = await track.getRTCStatsReport().catch(() => undefined);
  stats?.forEach((entry: RTCIceCandidatePairStats & { responsesReceived?: number }) => {
    if (entry.type !== "candidate-pair") return;
    received = (received ?? 0) + (entry.bytesReceived ?? 0) + (entry.responsesReceived ?? 0);
  });
  return received;
}
