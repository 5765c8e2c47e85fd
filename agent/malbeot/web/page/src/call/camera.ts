import {
  type LocalParticipant,
  type LocalVideoTrack,
  MediaDeviceFailure,
  Track,
  VideoPresets,
  createLocalVideoTrack,
} from "livekit-client";
import type { Hint } from "../states";

const HINTS: Record<MediaDeviceFailure, Hint> = {
  [MediaDeviceFailure.PermissionDenied]: "camera-refused",
  [MediaDeviceFailure.NotFound]: "camera-missing",
  [MediaDeviceFailure.DeviceInUse]: "camera-busy",
  [MediaDeviceFailure.Other]: "camera-missing",
};

/**
 * Turns the caller's camera on or off and shows it in `view`. Returns why it does not work, null where it does.
 *
 * The browser may ask for as long as it likes: where the camera is not `wanted` any more by then, it is not on.
 */
export async function turnCamera(
  me: LocalParticipant,
  on: boolean,
  view: HTMLVideoElement,
  wanted: () => boolean,
): Promise<Hint | null> {
  if (on && !navigator.mediaDevices) return "camera-refused";
  const published = me.getTrackPublication(Track.Source.Camera)?.videoTrack as LocalVideoTrack | undefined;
  let track = published;
  try {
    if (!on) {
      await me.setCameraEnabled(false);
      track?.detach(view);
      return null;
    }
    if (published) await published.unmute();
    else track = await createLocalVideoTrack({ resolution: VideoPresets.h360.resolution, facingMode: "user" });
    if (track && !published && wanted()) {
      await me.publishTrack(track, { source: Track.Source.Camera, simulcast: false });
    }
    if (wanted()) track?.attach(view);
    else track?.stop();
    return null;
  } catch (error) {
    if (!published || !wanted()) track?.stop();
    return HINTS[MediaDeviceFailure.getFailure(error) ?? MediaDeviceFailure.Other];
  }
}
