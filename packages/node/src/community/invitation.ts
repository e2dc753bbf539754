import { multiaddr } from '@multiformats/multiaddr';
import { NodeError } from '../compose/errors.ts';
import { commonReach, PEER_ADDRESS, RELAY_ADDRESS } from './reach.ts';

/** What a community tells those who want to trade in it. */
export interface Invitation {
  /** Short name, letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** Multiaddrs of relays, each with its peer id: members are reached through them. */
  readonly relays: readonly string[];
  /** Multiaddrs of matchmakers that members stay connected to. */
  readonly matchmakers: readonly string[];
  /** Statement keys, hex, of witnesses that members trust in test money. */
  readonly witnesses: readonly string[];
  /** Signed blocks, hex, of currencies that members know. */
  readonly currencies: readonly string[];
}

const HEAD = 'edmp:1';
/** Longest line; one with four addresses, a witness and a currency is a tenth of it. */
const MAX_LINE = 16_384;
/** Entries of one kind. */
const MAX_ENTRIES = 8;

const NAME = /^[A-Za-z0-9._-]{1,40}$/;
/** Characters that no shell takes for anything else. */
const PLAIN = /^\/[A-Za-z0-9.:/_-]{1,400}$/;
/** The fields that may be repeated: how each is called in a line, and what it may hold. */
const FIELDS = [
  ['relay', 'relays', RELAY_ADDRESS],
  ['matchmaker', 'matchmakers', PEER_ADDRESS],
  ['witness', 'witnesses', /^[0-9a-f]{64}$/],
  ['currency', 'currencies', /^(?:[0-9a-f]{2}){64,4096}$/],
] as const;

const bad = (why: string): NodeError =>
  new NodeError(
    'ERR_NODE_CONFIG',
    `This is no line of a community: ${why}. Take it whole, as the community’s node prints it; it begins with ${HEAD}+name=`,
  );

/** The line of an invitation: one word, for a command line and for a message. */
export function invitationLine(invitation: Invitation): string {
  const parts = FIELDS.flatMap(([field, list]) => invitation[list].map((value) => `${field}=${value}`));
  return [HEAD, `name=${invitation.name}`, ...parts].join('+');
}

/** What a line says. Throws `ERR_NODE_CONFIG` for one that is not exactly what {@link invitationLine} makes. */
export function parseInvitation(line: string): Invitation {
  const text = line.trim();
  if (text.length > MAX_LINE) throw bad(`it is longer than ${MAX_LINE} characters`);
  const [head, name, ...parts] = text.split('+');
  if (head !== HEAD) throw bad('its beginning is another');
  if (name === undefined || !name.startsWith('name=') || !NAME.test(name.slice('name='.length)))
    throw bad('it has no name of letters and digits');
  const lists = { relays: [], matchmakers: [], witnesses: [], currencies: [] } as Record<
    'relays' | 'matchmakers' | 'witnesses' | 'currencies',
    string[]
  >;
  for (const part of parts) {
    const at = part.indexOf('=');
    const found = FIELDS.find(([field]) => field === part.slice(0, Math.max(0, at)));
    if (found === undefined) throw bad('it has a part that this version does not know');
    const [field, list, shape] = found;
    const value = part.slice(at + 1);
    if (!shape.test(value) || (value.startsWith('/') && !(PLAIN.test(value) && isMultiaddr(value))))
      throw bad(`its ${field} is none${value.startsWith('/') ? ' that nodes connect to' : ''}`);
    if (lists[list].includes(value)) throw bad(`it says one ${field} twice`);
    if (lists[list].length === MAX_ENTRIES) throw bad(`it says more than ${MAX_ENTRIES} of ${field}`);
    lists[list].push(value);
  }
  if (lists.relays.length + lists.matchmakers.length === 0)
    throw bad('it names nobody to connect to, neither a relay nor a matchmaker');
  // Nobody's line needs both; this one would have a node connect to what only it can reach.
  if (commonReach([...lists.relays, ...lists.matchmakers]) === undefined)
    throw bad('it mixes addresses of one machine or inner network with others');
  return { name: name.slice('name='.length), ...lists };
}

/** A node does not start with an address that is none. */
function isMultiaddr(text: string): boolean {
  try {
    return multiaddr(text).getComponents().length > 0;
  } catch {
    return false;
  }
}

/** A name of a community made of any text. */
export function communityName(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return plain === '' ? 'community' : plain;
}
