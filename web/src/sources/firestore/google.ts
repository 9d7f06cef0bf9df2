/** Signing in with Google, in a window of its own or, where windows are blocked, in this one. */

import {
  type Auth,
  browserPopupRedirectResolver,
  GoogleAuthProvider,
  getRedirectResult,
  signInWithPopup,
  signInWithRedirect,
} from "firebase/auth";

export async function signInWithGoogle(auth: Auth): Promise<void> {
  const provider = new GoogleAuthProvider();
  try {
    await signInWithPopup(auth, provider, browserPopupRedirectResolver);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "auth/popup-blocked") throw error;
    await signInWithRedirect(auth, provider, browserPopupRedirectResolver);
  }
}

/** Ends a sign-in that left this page and has come back; does nothing where there was none. */
export async function comeBack(auth: Auth): Promise<void> {
  await getRedirectResult(auth, browserPopupRedirectResolver);
}
