/** Uploads in the cloud: the function `api` signs the start of a resumable session, and the bytes go
 * to Cloud Storage itself. */

import { type Upload, UploadRefused } from "../source";
import { type Api, ApiAway, ApiRefused } from "./Api";
import { Interrupted, sendResumably } from "./resumable";
import { send } from "./send";

interface Signed {
  object: string;
  method: string;
  url: string;
  headers: Record<string, string>;
}

export async function uploadFile(
  api: Api,
  file: File,
  route: string,
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<Upload> {
  let object = "";
  const open = async () => {
    const signed = await sign(api, file, route);
    object = signed.object;
    return startSession(signed, signal);
  };
  await sendResumably(file, { open, send, progress, signal });
  return { object, resultId: null };
}

async function sign(api: Api, file: File, route: string): Promise<Signed> {
  const asked = {
    name: file.name,
    route,
    size: file.size,
    contentType: file.type.split(";")[0] || "application/octet-stream",
  };
  try {
    return await api.ask<Signed>("POST", "/v1/uploads", asked);
  } catch (error) {
    if (error instanceof ApiAway) throw new Interrupted(error.message);
    if (error instanceof ApiRefused) throw new UploadRefused(error.message);
    throw error;
  }
}

/** The session's address. https://cloud.google.com/storage/docs/performing-resumable-uploads */
async function startSession(signed: Signed, signal: AbortSignal): Promise<string> {
  const answer = await send({
    method: signed.method,
    url: signed.url,
    headers: signed.headers,
    signal,
  });
  if (answer.status === 201 || answer.status === 200) {
    const session = answer.header("location");
    if (session) return session;
    throw new UploadRefused(
      "the bucket does not show the upload's session to this page: its CORS rule has to name " +
        "Location among the response headers",
    );
  }
  throw answer.refusal();
}
