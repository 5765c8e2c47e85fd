import { type LocalAudioTrack, TrackEvent, createAudioAnalyser } from "livekit-client";

const EVERY_MS = 100;
const QUIET_DB = -60;
const LOUD_DB = -15;

/** Reports how loud the microphone is, 0 to 1, ten times a second. Returns what ends it. */
export function meter(track: LocalAudioTrack, report: (level: number) => void): () => void {
  let analysis = createAudioAnalyser(track);
  let samples = new Float32Array(analysis.analyser.fftSize);
  const renew = (): void => {
    // Another microphone was chosen.
    void analysis.cleanup();
    analysis = createAudioAnalyser(track);
    samples = new Float32Array(analysis.analyser.fftSize);
  };
  const timer = window.setInterval(() => {
    analysis.analyser.getFloatTimeDomainData(samples);
    report(levelOf(samples));
  }, EVERY_MS);
  track.on(TrackEvent.Restarted, renew);
  return () => {
    window.clearInterval(timer);
    track.off(TrackEvent.Restarted, renew);
    void analysis.cleanup();
    report(0);
  };
}

function levelOf(samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const decibels = 10 * Math.log10(power + 1e-12);
  return Math.min(1, Math.max(0, (decibels - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}
