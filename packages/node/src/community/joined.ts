import { readFileSync } from 'node:fs';
import { writePrivate } from '../compose/data-folder.ts';
import { NodeError } from '../compose/errors.ts';
import { type Invitation, invitationLine, parseInvitation } from './invitation.ts';

/** Communities that a node may be in. */
const MAX_JOINED = 16;

/** The communities in a file of a data folder, a line each; none when there is no file. What is no line is told to `onBad` and left out. */
export function joinedIn(file: string, onBad: (error: Error) => void = () => undefined): Invitation[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new NodeError('ERR_NODE_DATA', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      try {
        return [parseInvitation(line)];
      } catch (error) {
        onBad(error instanceof Error ? error : new Error(String(error)));
        return [];
      }
    });
}

/**
 * Adds a community to a file; a newer line of the same one takes the older one's place. Throws `ERR_NODE_CONFLICT` when there
 * are too many, and for another one of the same name: whoever made it would decide about money in the place of those
 * that the owner chose.
 */
export function join(file: string, invitation: Invitation): void {
  const all = joinedIn(file);
  const others = all.filter(({ name }) => name !== invitation.name);
  const known = all.find(({ name }) => name === invitation.name);
  if (known !== undefined && !isSameSet(known.witnesses, invitation.witnesses))
    throw new NodeError(
      'ERR_NODE_CONFLICT',
      `This node is in a community ${invitation.name} with other witnesses. If it has new ones, leave it first (--leave ${invitation.name}), then join again`,
    );
  if (others.length >= MAX_JOINED)
    throw new NodeError(
      'ERR_NODE_CONFLICT',
      `A node is in ${MAX_JOINED} communities at most; leave one first`,
    );
  write(file, [...others, invitation]);
}

/** Takes a community out of a file. Throws `ERR_NODE_NOT_FOUND`. */
export function leave(file: string, name: string): void {
  const all = joinedIn(file);
  const others = all.filter((one) => one.name !== name);
  if (others.length === all.length)
    throw new NodeError(
      'ERR_NODE_NOT_FOUND',
      `This node is in no community ${JSON.stringify(name.slice(0, 80))}`,
    );
  write(file, others);
}

const isSameSet = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((each) => other.includes(each));

function write(file: string, invitations: readonly Invitation[]): void {
  writePrivate(file, invitations.map((each) => `${invitationLine(each)}\n`).join(''));
}
