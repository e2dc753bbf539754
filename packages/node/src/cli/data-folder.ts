import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { InvalidArgumentError as BadOption, Option } from 'commander';

/** What says where this user's files belong. */
export interface Account {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home folder as the environment has it, or the system when the environment has none; throws when neither has. */
  home(): string;
  /** Home folder of the account in the system's own list; throws when it is not in there. */
  recordedHome(): string;
}

const thisAccount: Account = { env: process.env, home: homedir, recordedHome: () => userInfo().homedir };

/**
 * Where a node keeps its files unless told otherwise: `EDMP_DATA`; else `.edmp` in the home folder; else, where `HOME` is
 * empty or no whole path, `.edmp` in the home folder that the system has on record for the account. Undefined when there
 * is none: an account must not end up in whatever folder it happens to stand in.
 */
export function defaultDataFolder(account: Account = thisAccount): string | undefined {
  const { EDMP_DATA: chosen = '' } = account.env;
  if (chosen !== '') return chosen;
  for (const home of [account.home, account.recordedHome]) {
    const folder = pathOf(home);
    if (folder !== undefined) return join(folder, '.edmp');
  }
  return undefined;
}

/** `--data <folder>`, with its default where there is one, and required where there is none. */
export function dataOption(description: string, usual: string | null = defaultDataFolder() ?? null): Option {
  const option = new Option('--data <folder>', description).argParser((text: string) => {
    if (text === '') throw new BadOption('Expected a folder.');
    return text;
  });
  return usual === null
    ? option.makeOptionMandatory()
    : // Commander takes no default through the parser.
      option.default(usual);
}

function pathOf(home: () => string): string | undefined {
  try {
    const folder = home();
    // `/` and `/nonexistent` are what systems give to accounts without one; a node says that it cannot write there.
    return isAbsolute(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}
