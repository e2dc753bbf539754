import { isEdmpError } from '@edmp/interface';

const PLAIN: Readonly<Record<string, string>> = {
  ERR_HTTP_UNREACHABLE: 'The node does not answer. Is it still running?',
  ERR_HTTP_UNAUTHORIZED:
    'This browser is not signed in to the node. Open the link that the node printed when it started.',
  ERR_TIMEOUT: 'The node took too long. Try again.',
  ERR_METER_UNREACHABLE: 'The meter service does not answer. Check that it runs, then try again.',
  ERR_WALLET_INSUFFICIENT: 'There is not enough money in the wallet for this.',
  ERR_CONSENT_WITHDRAWN: 'You withdrew your consent for this data. List the days anew to sell them again.',
  ERR_CONSENT_EXPIRED: 'Your consent for this data has ended. List the days anew to sell them again.',
  ERR_CONSENT_MISSING: 'There is no consent of yours for this data. List the days anew to sell them.',
  ERR_HTTP_RESPONSE: 'The node gave an answer that this page does not understand. Reload the page.',
};

/** An error in words for people, with the code for those who look it up. */
export function explain(error: unknown): { readonly text: string; readonly code: string } {
  if (!isEdmpError(error)) {
    return { text: error instanceof Error ? error.message : String(error), code: 'ERR_INTERNAL' };
  }
  return { text: PLAIN[error.code] ?? error.message, code: error.code };
}
