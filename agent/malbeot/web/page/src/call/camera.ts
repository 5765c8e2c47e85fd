import { type LocalParticipant, MediaDeviceFailure, Track, VideoPresets } from "livekit-client";
import type { Hint } from "../states";

const HINTS: Record<MediaDeviceFailure, Hint> = {
  [MediaDeviceFailure.PermissionDenied]: "camera-refused",
  [MediaDeviceFailure.NotFound]: "camera-missing",
  [MediaDeviceFailure.DeviceInUse]: "camera-busy",
  [MediaDeviceFailure.Other]: "camera-missing",
};

/** Turns the caller's camera on or off and shows it in `view`. Returns why it does not work, null where it does. */
export async function turnCamera(me: LocalParticipant, on: boolean, view: HTMLVideoElement): Promise<Hint | null> {
  if (on && !navigator.mediaDevices) return "camera-refused";
  try {
    const published = await me.setCameraEnabled(
      on,
      { resolution: VideoPresets.h360.resolution, facingMode: "user" },
      { simulcast: false },
    );
    if (on) published?.videoTrack?.attach(view);
    else me.getTrackPublication(Track.Source.Camera)?.videoTrack?.detach(view);
    return null;
  } catch (error) {
    return HINTS[MediaDeviceFailure.getFailure(error) ?? MediaDeviceFailure.Other];
  }
}
