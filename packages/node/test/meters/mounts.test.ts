import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EdmpError,
  type Environment,
  systemEnvironment,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { intervalSeries } from '@edmp/oehu-client';
import { startOehuEmulator } from '@edmp/oehu-client/emulator';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveView, MountView } from '../../src/meter-service.ts';
import { type MeterMounts, openMeterMounts } from '../../src/meters/meter-mounts.ts';
import { eventually } from '../e2e/support/two-nodes.ts';
import { fakeHomeWizard, fakeHomeWizardV2 } from '../support/fake-homewizard.ts';
import { DAY_END, DAY_START, expectedQuarters, telegramAt, telegramsOfDay } from '../support/p1-day.ts';
import { hasPty, openPty } from '../support/pty.ts';
import { textOf } from '../support/text-of.ts';

const ELECTRICITY = { commodity: 'electricity', flow: 'import' } as const;
const zone = 'Europe/Amsterdam';
let folder: string;
let mounts: MeterMounts;

const open = (environment: Environment = systemEnvironment()): MeterMounts => {
  mounts = openMeterMounts({
    folder: { readingsFile: join(folder, 'readings.sqlite'), metersFile: join(folder, 'meters.json') },
    environment,
    zone,
  });
  return mounts;
};
const view = async (name: string): Promise<MountView> => {
  const found = (await mounts.mounts()).find((mount) => mount.name === name);
  if (found === undefined) throw new Error(`No mount ${name}`);
  return found;
};
const until = (name: string, what: string, is: (view: MountView) => boolean): Promise<MountView> =>
  eventually(what, async () => {
    const now = await view(name);
    return is(now) ? now : undefined;
  });
const quarters = async (meter: string): Promise<readonly (number | null)[]> => {
  const range = { from: DAY_START, to: DAY_END, ...ELECTRICITY };
  const registers = (await mounts.registers(meter, range)) ?? [];
  return intervalSeries([...registers], { ...range, step: 'PT15M', zone }).values;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edmp-mounts-'));
});
afterEach(async () => {
  await mounts.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A serial server on loopback: `serve` gets every connection. */
async function serialServer(
  serve: (socket: Socket) => void,
  port = 0,
): Promise<{ server: Server; address: string; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const at = (server.address() as { port: number }).port;
  return { server, address: `tcp://127.0.0.1:${at}`, port: at };
}

describe('a P1 port over TCP', () => {
  it('is recorded once a minute, exactly, in pieces of any size, with noise between', async () => {
    const { server, address } = await serialServer((socket) => {
      socket.write('half a telegram\r\n!FFFF\r\n');
      const all = Buffer.from([...telegramsOfDay()].join(''));
      for (let from = 0; from < all.length; from += 7_777) socket.write(all.subarray(from, from + 7_777));
    });
    open();
    const live: LiveView[] = [];
    mounts.onLive((one) => live.push(one));
    expect(await mounts.addMeter({ address, name: 'port' })).toMatchObject({
      kind: 'p1-tcp',
      state: 'connecting',
    });
    await until('port', 'last telegram', ({ newest }) => newest === DAY_END);
    expect(await view('port')).toMatchObject({ state: 'live', oldest: DAY_START, problem: null });
    expect(await quarters('port')).toEqual(expectedQuarters());
    // Two telegrams a minute came; the first of each is kept.
    const registers =
      (await mounts.registers('port', { from: DAY_START, to: DAY_START + 3_600_000, ...ELECTRICITY })) ?? [];
    expect(new Set(registers.map(({ at }) => at)).size).toBe(61);
    // One a second: a busy machine takes more than one second for the day.
    for (const power of live) expect(power).toMatchObject({ meter: 'port', importW: 543, exportW: 0 });
    expect(live.length).toBeGreaterThan(0);
    server.close();
  });

  it('whose clock runs wild fills no disk, and says so', async () => {
    const days = 40;
    let sent = 0;
    const { server, address } = await serialServer((socket) => {
      const feed = (): void => {
        while (sent < days * 1_440) {
          const telegram = telegramAt(DAY_START - (days * 1_440 - sent++) * 60_000);
          if (!socket.write(telegram)) {
            socket.once('drain', feed);
            return;
          }
        }
      };
      feed();
    });
    const clock = virtualEnvironment({ start: DAY_END });
    open(clock);
    await mounts.addMeter({ address, name: 'port' });
    await until('port', 'complaint', ({ problem }) => problem?.includes('clock runs wild') === true);
    const range = { from: DAY_START - 40 * 86_400_000, to: DAY_END, ...ELECTRICITY };
    const moments = new Set(((await mounts.registers('port', range)) ?? []).map(({ at }) => at));
    expect(moments.size).toBeLessThanOrEqual(2_880);
    expect(moments.size).toBeGreaterThan(2_800);
    server.close();
  });

  it('is connected to again after it was lost, and says why meanwhile', async () => {
    let socket: Socket | undefined;
    const serve = (one: Socket): void => {
      socket = one;
      one.write(telegramAt(DAY_START));
    };
    const { server, address, port } = await serialServer(serve);
    open();
    const texts: string[] = [];
    mounts.on(({ text }) => texts.push(text));
    await mounts.addMeter({ address, name: 'port' });
    await until('port', 'first telegram', ({ state }) => state === 'live');
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      socket?.destroy();
    });
    const lost = await until('port', 'loss', ({ state }) => state === 'lost');
    expect(lost.problem).toMatch(/closed the connection|cannot be read/);
    expect(lost.live).toBeNull();
    const again = await serialServer((one) => one.write(telegramAt(DAY_START + 60_000)), port);
    await until('port', 'second telegram', ({ newest }) => newest === DAY_START + 60_000);
    expect(texts).toEqual(expect.arrayContaining(['Meter port is live', 'Meter port was lost']));
    again.server.close();
  });

  it('whose telegrams are damaged records none of them and tells so', async () => {
    const { server, address } = await serialServer((socket) =>
      socket.write(
        `${telegramAt(DAY_START).replace('1-0:1.8.1(0', '1-0:1.8.1(9')}${telegramAt(DAY_START + 60_000)}`,
      ),
    );
    open();
    await mounts.addMeter({ address, name: 'port' });
    await until('port', 'whole telegram', ({ newest }) => newest !== null);
    expect(await view('port')).toMatchObject({ oldest: DAY_START + 60_000 });
    server.close();
  });

  it('that sends no telegrams is told apart from one that is silent', async () => {
    const { server, address } = await serialServer((socket) => socket.write(Buffer.alloc(20_000, 0xdb)));
    open();
    await mounts.addMeter({ address, name: 'port' });
    const told = await until('port', 'problem', ({ problem }) => problem !== null);
    expect(told).toMatchObject({ state: 'connecting', problem: expect.stringContaining('encrypted') });
    server.close();
  });
});

describe.skipIf(!hasPty)(
  hasPty ? 'a serial device' : 'a serial device (skipped: no python3 makes a pty)',
  () => {
    it('is set to raw bytes, recorded exactly, and opened again when it was unplugged', async () => {
      open();
      const link = join(folder, 'ttyUSB0');
      {
        using pty = await openPty();
        await symlink(pty.path, link);
        expect(await mounts.addMeter({ address: link, name: 'cable' })).toMatchObject({ kind: 'p1-device' });
        for (const telegram of telegramsOfDay()) pty.write(telegram);
        await until('cable', 'last telegram', ({ newest }) => newest === DAY_END);
        expect(await quarters('cable')).toEqual(expectedQuarters());
      }
      await until('cable', 'loss', ({ state }) => state === 'lost');
      using again = await openPty();
      await rm(link);
      await symlink(again.path, link);
      again.write(telegramAt(DAY_END + 60_000));
      await until('cable', 'next telegram', ({ newest }) => newest === DAY_END + 60_000);
    });
  },
);

describe('a HomeWizard meter', () => {
  /** Runs the clock on by a minute and waits until the meter was asked. */
  const minute = async (clock: VirtualEnvironment, asked: () => number): Promise<void> => {
    const before = asked();
    await clock.advance(60_000);
    await eventually('question', async () => (asked() > before ? true : undefined));
  };

  it('of API v1 is found, asked at full minutes, and recorded exactly', async () => {
    const clock = virtualEnvironment({ start: DAY_START });
    await using meter = await fakeHomeWizard(() => clock.now());
    open(clock);
    const added = await mounts.addMeter({ address: `${meter.url}/`, every: 60 });
    expect(added).toMatchObject({ name: 'homewizard', kind: 'homewizard', address: meter.url });
    await until('homewizard', 'first answer', ({ state }) => state === 'live');
    for (let at = DAY_START; at < DAY_START + 3_600_000; at += 60_000) {
      await minute(clock, meter.answered);
      await until('homewizard', 'reading', ({ newest }) => newest === at + 60_000);
    }
    expect((await quarters('homewizard')).slice(0, 5)).toEqual([...expectedQuarters().slice(0, 4), null]);
    expect(await view('homewizard')).toMatchObject({ live: { importW: 543, exportW: 0 } });
  });

  it('of API v2 is paired by its button, held to its certificate, and its token is shown to nobody', async () => {
    const meter = await fakeHomeWizardV2();
    open();
    const texts: string[] = [];
    mounts.on(({ text }) => texts.push(text));
    await expect(mounts.addMeter({ address: meter.url, name: 'v2' })).rejects.toMatchObject({
      code: 'ERR_METER_PAIRING',
    });
    expect(await mounts.mounts()).toEqual([]);
    meter.pressButton();
    await mounts.addMeter({ address: meter.url, name: 'v2' });
    await until('v2', 'answer', ({ state }) => state === 'live');
    expect(await view('v2')).toMatchObject({ live: { importW: 0, exportW: 250 } });
    const [token = ''] = meter.tokens;
    expect(JSON.stringify([await mounts.mounts(), texts])).not.toContain(token);
    expect(await readFile(join(folder, 'meters.json'), 'utf8')).toContain(token);
    expect((await stat(join(folder, 'meters.json'))).mode & 0o777).toBe(0o600);

    // Somebody else answers at the address: nothing is told to them.
    await mounts.stop();
    await meter[Symbol.asyncDispose]();
    await using other = await fakeHomeWizardV2('second', Number(new URL(meter.url).port));
    other.tokens.add(token);
    open();
    const lost = await until('v2', 'refusal', ({ state }) => state === 'lost');
    expect(lost.problem).toContain('another certificate');
    expect(other.answered()).toBe(0);
  });

  it('of API v2 that forgot the token says what to do', async () => {
    await using meter = await fakeHomeWizardV2();
    open();
    meter.pressButton();
    await mounts.addMeter({ address: meter.url, name: 'v2', every: 1 });
    await until('v2', 'answer', ({ state }) => state === 'live');
    meter.tokens.clear();
    const lost = await until('v2', 'refusal', ({ state }) => state === 'lost');
    expect(lost.problem).toContain('add it again');
  });
});

describe('a folder', () => {
  const csv = (hours: number, value: number): string =>
    `${Array.from({ length: hours }, (_, i) => telegramAt(DAY_START + (i + value) * 60_000)).join('')}`;

  it('is read file by file, again when a file changed, and one bad file hides no other', async () => {
    const clock = virtualEnvironment({ start: DAY_END });
    const put = async (name: string, text: string, at: number): Promise<void> => {
      await writeFile(join(folder, 'in', `.${name}`), text);
      await utimes(join(folder, 'in', `.${name}`), at / 1000, at / 1000);
      await rename(join(folder, 'in', `.${name}`), join(folder, 'in', name));
    };
    await mkdir(join(folder, 'in'));
    await put('a.txt', csv(3, 0), DAY_END - 3_600_000);
    await put('b.txt', 'no meter file', DAY_END - 3_500_000);
    await put('c.txt', csv(2, 10), DAY_END - 3_400_000);
    open(clock);
    expect(await mounts.addMeter({ address: join(folder, 'in'), name: 'exports' })).toMatchObject({
      kind: 'folder',
    });
    await until('exports', 'both files', ({ newest }) => newest === DAY_START + 11 * 60_000);
    expect((await view('exports')).problem).toMatch(/^b\.txt: /);
    await put('a.txt', csv(30, 0), DAY_END - 3_300_000);
    // One just written is left alone until it stands still.
    await put('d.txt', csv(40, 0), DAY_END);
    await clock.advance(10_000);
    await until('exports', 'changed file', ({ newest }) => newest === DAY_START + 29 * 60_000);
    await clock.advance(10_000);
    await until('exports', 'new file', ({ newest }) => newest === DAY_START + 39 * 60_000);
  });
});

describe('a folder with one bad file', () => {
  it('says so from the first look on', async () => {
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', 'bad.txt'), 'no meter file');
    await utimes(join(folder, 'in', 'bad.txt'), DAY_START / 1000, DAY_START / 1000);
    open(virtualEnvironment({ start: DAY_END }));
    await mounts.addMeter({ address: join(folder, 'in'), name: 'exports' });
    const { problem } = await until('exports', 'first look', ({ state }) => state === 'live');
    expect(problem).toMatch(/^bad\.txt: /);
  });
});

describe('mounts', () => {
  it('keep readings and settings over a restart, and go on where they were', async () => {
    open();
    await mounts.addMeter({ name: 'files', zone: 'Europe/Berlin' });
    const day = Buffer.from([...telegramsOfDay()].join(''));
    const taken = await mounts.importReadings('files', day, { takenAt: DAY_END });
    expect(taken).toMatchObject({ format: 'dsmr-p1', corrected: 0, impossible: 0, issues: [] });
    await mounts.stop();
    open();
    expect(await mounts.mounts()).toMatchObject([
      { name: 'files', kind: 'upload', state: 'idle', newest: DAY_END },
    ]);
    expect(mounts.zoneOf('files')).toBe('Europe/Berlin');
    const again = await mounts.importReadings('files', day, { takenAt: DAY_END });
    expect(again).toMatchObject({ added: 0, corrected: 0, duplicates: taken.added });
    expect(await quarters('files')).toEqual(expectedQuarters());
  });

  it('give their readings as files of any number of days, and forget them only when told', async () => {
    open();
    await mounts.addMeter({ name: 'files' });
    await mounts.importReadings(
      'files',
      Buffer.from(telegramAt(DAY_START) + telegramAt(DAY_START + 60_000)),
      {},
    );
    const day = { meter: 'files', from: '2024-01-16', to: '2024-01-16' } as const;
    const csv = (await textOf(mounts.exportReadings({ ...day, format: 'csv' }))).trimEnd().split('\r\n');
    expect(csv).toHaveLength(1 + 2 * 4);
    expect(csv[0]).toMatch(/^at,seconds,commodity/);
    const json = (await textOf(mounts.exportReadings({ ...day, format: 'json' }))).trimEnd().split('\n');
    expect(JSON.parse(json[0] ?? '')).toMatchObject({ commodity: 'electricity', value: '1234.428' });
    const decade = { ...day, from: '2019-01-01', to: '2028-12-31' } as const;
    expect(
      (await textOf(mounts.exportReadings({ ...decade, format: 'csv' }))).trimEnd().split('\r\n'),
    ).toEqual(csv);
    const senml = await textOf(mounts.exportReadings({ ...decade, format: 'senml' }));
    expect(JSON.parse(senml)).toHaveLength(2 * 4);
    const nothing = { ...day, from: '2025-01-01', to: '2025-01-02', format: 'csv' } as const;
    expect((await textOf(mounts.exportReadings(nothing))).trimEnd().split('\r\n')).toHaveLength(1);
    await expect(mounts.exportReadings({ ...day, to: '2024-01-15', format: 'csv' })).rejects.toMatchObject({
      code: 'ERR_NODE_CONFIG',
    });
    await mounts.removeMeter('files');
    await expect(mounts.removeMeter('files')).rejects.toMatchObject({ code: 'ERR_NODE_NOT_FOUND' });
    await mounts.addMeter({ name: 'files' });
    expect((await view('files')).oldest).toBe(DAY_START);
    await mounts.removeMeter('files', { readings: true });
    await mounts.addMeter({ name: 'files' });
    expect((await view('files')).oldest).toBeNull();
  });

  it('tell when a meter falls silent, and let go of what is too old to be kept', async () => {
    const clock = virtualEnvironment({ start: DAY_START });
    await using meter = await fakeHomeWizard(() => clock.now());
    open(clock);
    const texts: string[] = [];
    mounts.on(({ text }) => texts.push(text));
    await mounts.addMeter({ address: meter.url, name: 'home', every: 60, silentMinutes: 5, keepDays: 1 });
    await until('home', 'answer', ({ state }) => state === 'live');
    await meter[Symbol.asyncDispose]();
    await eventually('silence', async () => {
      await clock.advance(60_000);
      return (await view('home')).silentSince === null ? undefined : true;
    });
    expect((await view('home')).silentSince).toBe(DAY_START);
    expect(texts).toContain('Meter home told nothing new for longer than usual');
    await eventually('forgetting', async () => {
      await clock.advance(3_600_000);
      return (await view('home')).oldest === null ? true : undefined;
    });
    expect(clock.now()).toBeGreaterThan(DAY_START + 86_400_000);
  });

  it.each([
    [{ address: 'tcp://127.0.0.1' }, 'tcp://HOST:PORT'],
    [{ address: 'ftp://127.0.0.1/' }, 'begins with'],
    [{ address: 'http://user:secret@127.0.0.1/' }, 'no user name'],
    [{ address: 'relative/path' }, 'absolute path'],
    [{ address: '/no/such/device' }, 'There is no'],
    [{ address: '/etc/hostname' }, 'imported'],
    [{ address: '/tmp', kind: 'p1-device' }, 'would be one of folder'],
    [{ address: 'tcp://127.0.0.1:1', kind: 'homewizard' }, 'would be one of p1-tcp'],
    [{ kind: 'homewizard' }, 'needs an address'],
    [{ address: 'https://127.0.0.1', token: 'abc' }, 'fingerprint'],
    [{ name: 'a/b' }, 'name'],
    [{ name: '\u202eabc' }, 'name'],
    [{ name: 'a', zone: 'Mars/Olympus' }, 'time zone'],
  ] as const)('refuse %j', async (request, text) => {
    open();
    await expect(mounts.addMeter(request)).rejects.toMatchObject({
      code: 'ERR_NODE_CONFIG',
      message: expect.stringContaining(text),
    });
    expect(await mounts.mounts()).toEqual([]);
  });

  it('refuse a meter that is mounted already, whose days would be sold twice', async () => {
    await using meter = await fakeHomeWizard(() => DAY_START);
    open();
    await mounts.addMeter({ address: meter.url, name: 'hall' });
    await expect(mounts.addMeter({ address: `${meter.url}/api/v1/data` })).rejects.toMatchObject({
      code: 'ERR_NODE_CONFLICT',
      message: expect.stringContaining('as hall'),
    });
    await mounts.removeMeter('hall');
    await mounts.addMeter({ address: meter.url });
  });

  it('write nothing more of a file when its meter is removed meanwhile', async () => {
    open();
    await mounts.addMeter({ name: 'files' });
    const rows = Array.from(
      { length: 12_000 },
      (_, i) => `${new Date(DAY_START + i * 1_000).toISOString()},${i + 1}`,
    );
    const column = { column: 'kWh', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'register' };
    const csvMap = JSON.stringify({ time: 'time', timeFormat: 'iso', columns: [column] });
    const file = Buffer.from(['time,kWh', ...rows].join('\n'));
    const importing = mounts.importReadings('files', file, { csvMap, takenAt: DAY_END });
    importing.catch(() => undefined);
    // Whoever has something else to do gets a turn while it is written.
    await new Promise((resolve) => setImmediate(resolve));
    await mounts.removeMeter('files', { readings: true });
    await expect(importing).rejects.toMatchObject({ code: 'ERR_NODE_NOT_FOUND' });
    await mounts.addMeter({ name: 'files' });
    expect(await view('files')).toMatchObject({ oldest: null, newest: null });
  });

  it('refuse a name twice, and more meters than a household has', async () => {
    open();
    await mounts.addMeter({ name: 'one' });
    await expect(mounts.addMeter({ name: 'one' })).rejects.toMatchObject({ code: 'ERR_NODE_CONFLICT' });
    for (let n = 1; n < 32; n++) await mounts.addMeter({});
    expect((await mounts.mounts()).at(-1)?.name).toBe('files-31');
    await expect(mounts.addMeter({})).rejects.toMatchObject({ code: 'ERR_NODE_CONFLICT' });
  });

  it('refuse a list of meters that was damaged, without repeating what is in it', async () => {
    await writeFile(join(folder, 'meters.json'), '{"version":1,"meters":[{"token":"SECRET"}]}');
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'ERR_NODE_DATA', message: expect.not.stringContaining('SECRET') }),
    );
    await rm(join(folder, 'meters.json'));
    open();
  });

  it('answer any map of columns with readings or a typed refusal', async () => {
    open();
    await mounts.addMeter({ name: 'files' });
    const csv = Buffer.from('t;v\n2024-01-01 00:00;1\n2024-01-01 00:15;2\n');
    const column = { column: 'v', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' };
    const map = {
      delimiter: ';',
      time: 't',
      timeFormat: 'local',
      zone: 'UTC',
      stepSeconds: 900,
      columns: [column],
    };
    const take = (csvMap: unknown): Promise<unknown> =>
      mounts.importReadings('files', csv, { csvMap: JSON.stringify(csvMap) });
    expect(await take(map)).toMatchObject({ added: 2 });
    for (const odd of [{}, null, [], 'x', { ...map, columns: [null] }, { ...map, encoding: 'morse' }])
      await expect(take(odd)).rejects.toMatchObject({ code: 'ERR_METER_FORMAT' });
    const typed = async (csvMap: unknown): Promise<void> => {
      await take(csvMap).catch((error: unknown) => expect(error).toBeInstanceOf(EdmpError));
    };
    const fields = [
      'rows',
      'matrix',
      'quality',
      'qualityWords',
      'serial',
      'end',
      'clock',
      'startsAt',
      'skipLines',
    ];
    const others = ['heading', 'encoding', 'grouping', 'decimal', 'isOrdinal', 'stamp', 'dateOrder'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(map), ...fields, ...others),
        fc.constantFrom(...Object.keys(column), 'where', 'sign', 'unitColumn', 'tariff'),
        fc.jsonValue(),
        async (field, cell, value) => {
          await typed({ ...map, [field]: value });
          await typed({ ...map, columns: [{ ...column, [cell]: value }] });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('start a meter anew under a name that is just being removed', async () => {
    const { server, address } = await serialServer((socket) => socket.write(telegramAt(DAY_START)));
    open();
    await mounts.addMeter({ address, name: 'port' });
    await until('port', 'telegram', ({ state }) => state === 'live');
    const gone = mounts.removeMeter('port');
    await mounts.addMeter({ address, name: 'port' });
    await gone;
    await until('port', 'telegram of the new one', ({ state }) => state === 'live');
    server.close();
  });

  it('say of an OEHU API whether it answered', async () => {
    open();
    await mounts.addMeter({ address: 'http://127.0.0.1:9', kind: 'oehu', name: 'api' });
    expect(await view('api')).toMatchObject({ state: 'connecting' });
    const emulator = await startOehuEmulator({ port: 0, seed: 1, households: 1, days: 1 });
    await mounts.addMeter({ address: emulator.url, name: 'live api' });
    const devices = await mounts.devices();
    expect(devices).toMatchObject([{ mount: 'live api', source: 'oehu' }]);
    expect(await view('api')).toMatchObject({ state: 'lost', problem: expect.stringContaining('reached') });
    expect(await view('live api')).toMatchObject({ state: 'live', problem: null });
    const range = { from: emulator.start, to: emulator.now(), ...ELECTRICITY };
    const registers = (await mounts.registers(devices[0]?.id ?? '', range)) ?? [];
    expect(registers.length).toBeGreaterThan(100);
    expect(new Set(registers.map(({ trust }) => trust))).toEqual(new Set(['linked']));
    await expect(mounts.importReadings('api', Buffer.from('x'), {})).rejects.toMatchObject({
      code: 'ERR_NODE_CONFLICT',
    });
    await emulator.stop();
  });
});

it('a file from a port that encrypts is read by the key of its meter, which is shown to nobody', async () => {
  open();
  const key = '000102030405060708090A0B0C0D0E0F';
  const path = new URL('../../../oehu-client/samples/han-dlms.austria.txt', import.meta.url);
  const file = new Uint8Array(await readFile(path));
  await mounts.addMeter({ kind: 'upload', name: 'without' });
  await expect(mounts.importReadings('without', file)).rejects.toMatchObject({ code: 'ERR_METER_FORMAT' });
  await mounts.addMeter({ kind: 'upload', name: 'with', token: key });
  expect((await mounts.importReadings('with', file)).added).toBeGreaterThan(0);
  expect(JSON.stringify(await mounts.mounts())).not.toContain(key);
  await expect(mounts.addMeter({ kind: 'upload', token: 'short' })).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_METER|^ERR_NODE/),
  });
});
