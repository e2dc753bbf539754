/** Header in which a capability goes from the routes to the gateway; what a client sends in it is ignored. */
const HEADER = 'x-edmp-capability';
const FORM = /^[a-z2-7]{42}$/;

/** The capability that {@link ipfsAnswer} found in a request. */
export function capabilityIn(request: Request): string | undefined {
  return request.headers.get(HEADER) ?? undefined;
}

/**
 * Answers `/ipfs/…` and `/cap/{capability}/ipfs/…` by a gateway. A capability is in the path, in
 * `Authorization: Bearer …`, or is the first label of the host's name, which is the only place that a Kubo can be told.
 * Undefined for other paths.
 */
export async function ipfsAnswer(
  request: Request,
  gateway: (request: Request) => Promise<Response>,
): Promise<Response | undefined> {
  const url = new URL(request.url);
  const [, inPath, path] = /^(?:\/cap\/([^/]{1,64}))?(\/(?:ipfs|ipns)\/.*)$/.exec(url.pathname) ?? [];
  if (path === undefined) return undefined;
  const headers = new Headers(request.headers);
  headers.delete(HEADER);
  const [, bearer] = /^Bearer +(\S{1,64}) *$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  const label = (request.headers.get('host') ?? url.host).split('.')[0]?.toLowerCase();
  const capability = [inPath, bearer, label].find((text) => text !== undefined && FORM.test(text));
  if (capability !== undefined) headers.set(HEADER, capability);
  url.pathname = path;
  return gateway(new Request(url, { method: request.method, headers, signal: request.signal }));
}
