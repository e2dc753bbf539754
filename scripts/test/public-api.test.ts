import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { undocumented } from '../lib/documented.ts';
import { readPublicApi } from '../lib/public-api.ts';
import { publicEntries, publishablePackages, root } from '../lib/workspace.ts';

const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const entries = publishablePackages().flatMap(({ manifest, path }) =>
  publicEntries(manifest)
    .filter(({ subpath }) => !subpath.startsWith('bin:'))
    .map(({ subpath, source }) => ({ entry: manifest.name + subpath.slice(1), path: join(path, source) })),
);
const compiler: ts.CompilerOptions = {
  ...options,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
  composite: false,
  incremental: false,
};
const { calls, things } = readPublicApi(entries, compiler);

/** Public calls that wait and take no signal: what they are, each with the reason. */
const withoutSignal: readonly (readonly [RegExp, string])[] = [
  [/\.(stop|close|\[asyncDispose\])$/, 'ends things: it is what an abort would do'],
  [/\.(next|return|throw|\[asyncIterator\])$/, 'iteration is left by return'],
  [
    /^(BlockStore|KeyValueStore|CertificateStore|FraudRegister|ReadingStore|Recorder)\./,
    'one look-up or commit in this node’s own store',
  ],
  [/^(openCertificateStore|checkCheckpoint|readCheckpoints|viewFromStore)$/, 'reads this node’s own store'],
  [/^(PrunableTrustchain|Trustchain)\.(pair|accuse|isFraudulent)$/, 'reads this node’s own store'],
  [
    /^(Settlement|DataSettlement)\.(holds|createRecipientKey|datasets|consumption|conclude|bindSpotCheck|removeDataset)$/,
    'works on this node’s own records; what fetches takes a signal',
  ],
  [/^Market\.(balance|keeps)$/, 'folds what is known here'],
  [/^(ConsentLedger|Instalments)\./, 'writes this node’s own records'],
  [/^NotaryProofs\.observe$/, 'writes this node’s own records'],
  [/^StatementKeys\.(add|signNode)$/, 'one key in this node’s own store, or its signatures'],
  [/^(Notary|LocalNotary)\./, 'decides and writes to its own store: half a decision must not be left'],
  [/^(Libp2pNetwork|Network)\.(start|publish)$/, 'binds ports, or hands a message to the transport'],
  [
    /^(Signer\.sign|signHalfBlock|signStatement|signConsentEvent|webSigner|WebSubtle\.\w+)$/,
    'one signature or key',
  ],
  [/^(sodiumCrypto|fastestNodeCrypto)$/, 'loads a library'],
  [/^verifyFraudProofAsync$/, 'two verifications'],
  [
    /^(create(Trustchain|Market|Node|Trader)|open\w+|runNode|startHttp|startOehuEmulator|fsContentStore)$/,
    'opens something; close it again by its stop',
  ],
  [/^(NotaryRole|Pruning)\.open$/, 'opens something; close it again by its stop'],
  [/^BitswapLibp2p\./, 'libp2p’s own, handed in'],
  [/^OnlyFrame\.\[\w+\]$/, 'the mark of one frame that is there already'],
  [/^(readCar|singleFrame)$/, 'reads a stream that its maker aborts'],
  [
    /^(Mutex|KeyedMutex|SharedMutex|Semaphore|VirtualEnvironment)\./,
    'the task that is run has its own signal',
  ],
  [
    /^(\w+Options|\w+Context|PrunerContext|RouteDefinition|Route|WebFiles)\.\w+$/,
    'called by us, not by a program',
  ],
];

describe('public calls that wait', () => {
  const waiting = calls.filter(({ waits, entry }) => waits && !entry.startsWith('@edmp/testing'));

  it('are found', () => {
    expect(waiting.length).toBeGreaterThan(150);
    expect(waiting.find(({ name }) => name === 'Market.sell')?.takesSignal).toBe(true);
    expect(waiting.find(({ name }) => name === 'BlockStore.get')?.takesSignal).toBe(false);
  });

  it('take a signal, or have a reason not to', () => {
    const bare = waiting
      .filter(
        ({ takesSignal, name }) => !takesSignal && !withoutSignal.some(([pattern]) => pattern.test(name)),
      )
      .map(({ name, entry }) => `${name} of ${entry}`);
    expect(bare).toEqual([]);
  });

  it('have no reason that excuses nothing', () => {
    const idle = withoutSignal
      .filter(([pattern]) => !waiting.some(({ name, takesSignal }) => !takesSignal && pattern.test(name)))
      .map(([pattern]) => String(pattern));
    expect(idle).toEqual([]);
  });
});

describe('public things with a life', () => {
  const living = things.filter(
    ({ members, entry }) =>
      (members.has('stop') || members.has('close')) && !entry.startsWith('@edmp/testing'),
  );

  it('are closed by `using` or `await using`', () => {
    expect(living.length).toBeGreaterThan(15);
    const foreign = ['IdbDatabase', 'BitswapStream'];
    const bare = living
      .filter(
        ({ name, members }) =>
          !members.has('[asyncDispose]') && !members.has('[dispose]') && !foreign.includes(name),
      )
      .map(({ name, entry }) => `${name} of ${entry}`);
    expect(bare).toEqual([]);
  });
});

describe('public things with events', () => {
  /** Whose events are read elsewhere, with the reason. */
  const elsewhere: Readonly<Record<string, string>> = {
    NodeService: 'the inside of a node; NodeClient has them',
    CertificateStore: 'a part of the market, which has them',
    NotaryProofs: 'a part of the market, which has them',
    PracticeView: 'is switched on, and listens to nothing',
  };

  it('can be read in a loop as well as listened to', () => {
    const listened = things.filter(
      ({ members, entry }) => members.has('on') && !entry.startsWith('@edmp/testing'),
    );
    expect(listened.map(({ name }) => name)).toContain('Market');
    const bare = listened
      .filter(({ name, members }) => !members.has('events') && elsewhere[name] === undefined)
      .map(({ name, entry }) => `${name} of ${entry}`);
    expect(bare).toEqual([]);
  });
});

describe('the documentation of public functions', () => {
  const missing = undocumented(entries, compiler);

  it('says what every parameter is, and what is thrown', () => {
    const found = missing.map(({ entry, name, what }) => `${name} of ${entry}: ${what}`);
    expect(found).toEqual([]);
  });
});
