/** Header in which a capability goes from the routes to the gateway; what a client sends in it is ignored. */
const HEADER = 'x-edmp-capability';
/** Header in which the listener says whom a request comes from; what a client sends in it is ignored. */
const CLIENT_HEADER = 'x-edmp-client';
const FORM = /^[a-z2-7]{42}$/;

/** The capability that {@link ipfsAnswer} found in a request. */
export function capabilityIn(request: Request): string | undefined {
  return request.headers.get(HEADER) ?? undefined;
}

/** Whom a request comes from, as the listener told {@link ipfsAnswer}: an address, or nothing where nobody knows. */
export function clientIn(request: Request): string | undefined {
  return request.headers.get(CLIENT_HEADER) ?? undefined;
}

/**
 * Answers `/ipfs/…` and `/cap/{capability}/ipfs/…` by a gateway. A capability is in the path, in
 * `Authorization: Bearer …`, or is the first label of the host's name, which is the only place that a Kubo can be told.
 * Undefined for other paths.
 *
 * @param client - The address that a request comes from, where it says who that is.
 */
export async function ipfsAnswer(
  request: Request,
  gateway: (request: Request) => Promise<Response>,
  client?: string,
): Promise<Response | undefined> {
  const url = new URL(request.url);
  const [, inPath, path] = /^(?:\/cap\/([^/]{1,64}))?(\/(?:ipfs|ipns)\/.*)$/.exec(url.pathname) ?? [];
  if (path === undefined) return undefined;
  const headers = new Headers(request.headers);
  headers.delete(HEADER);
  headers.delete(CLIENT_HEADER);
  if (client !== undefined) headers.set(CLIENT_HEADER, client);
  const [, bearer] = /^Bearer +(\S{1,64}) *$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  const label = (request.headers.get('host') ?? url.host).split('.')[0]?.toLowerCase();
  const capability = [inPath, bearer, label].find((text) => text !== undefined && FORM.test(text));
  if (capability !== undefined) headers.set(HEADER, capability);
  url.pathname = path;
  return gateway(new Request(url, { method: request.method, headers, signal: request.signal }));
}
