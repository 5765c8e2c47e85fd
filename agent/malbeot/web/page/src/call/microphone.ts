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
    // Browsers need not follow a wish: the device is demanded.
    if (chosen) return await open({ exact: chosen });
  } catch (error) {
    if (!isGone(error)) throw failed(error);
  }
  try {
    return await open({ ideal: "default" });
  } catch (error) {
    throw failed(error);
  }
}

function open(deviceId: ConstrainDOMString): Promise<LocalAudioTrack> {
  return createLocalAudioTrack({ echoCancellation: true, noiseSuppression: true, autoGainControl: true, deviceId });
}

/** A device that is not there any more is replaced by the browser's own choice. */
function isGone(error: unknown): boolean {
  const failure = MediaDeviceFailure.getFailure(error);
  return failure !== MediaDeviceFailure.PermissionDenied && failure !== MediaDeviceFailure.DeviceInUse;
}

function failed(error: unknown): CallFailed {
  return new CallFailed(PROBLEMS[MediaDeviceFailure.getFailure(error) ?? MediaDeviceFailure.Other]);
}

/** Goes over to another `device`. Throws where the browser refuses it; while it is `wanted`, the one before goes on. */
export async function changeMicrophone(
  microphone: LocalAudioTrack,
  device: string,
  wanted: () => boolean,
): Promise<void> {
  const before = microphone.mediaStreamTrack.getSettings().deviceId;
  try {
    await microphone.setDeviceId({ exact: device });
  } catch (error) {
    // The browser closed it to open the other.
    if (before && wanted()) await microphone.setDeviceId({ exact: before }).catch(() => undefined);
    throw error;
  }
}
