import { type LocalAudioTrack, MediaDeviceFailure, createLocalAudioTrack } from "livekit-client";
import { remembered } from "../memory";
import { CallFailed, type Problem } from "../states";

const PROBLEMS: Record<MediaDeviceFailure, Problem> = {
  [MediaDeviceFailure.PermissionDenied]: "microphone-refused",
  [MediaDeviceFailure.NotFound]: "microphone-missing",
  [MediaDeviceFailure.DeviceInUse]: "microphone-busy",
  [MediaDeviceFailure.Other]: "microphone-missing",
};

/** The caller's microphone, open. Throws `CallFailed`. */
export async function openMicrophone(): Promise<LocalAudioTrack> {
  // Browsers hide the devices from pages that came neither over https nor from this machine.
  if (!navigator.mediaDevices) throw new CallFailed("insecure-page");
  const chosen = remembered("microphone");
  try {
    return await createLocalAudioTrack({
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      // One that is not there any more is replaced by the browser's own choice.
      deviceId: { ideal: chosen || "default" },
    });
  } catch (error) {
    throw new CallFailed(PROBLEMS[MediaDeviceFailure.getFailure(error) ?? MediaDeviceFailure.Other]);
  }
}
