import { isEdmpError } from '@edmp/interface';
import type { ImportView, MountRequest, NodeClient } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Field, Problem, Section } from '../components/bits.tsx';
import { useNode } from '../state/node.ts';
import { FindMeters } from './meter-find.tsx';
import { Imported } from './meter-import.tsx';
import { isUnknownTable, MapFile } from './meter-map.tsx';
import { emptyMqtt, isMqttReady, MqttFields, mqttRequest } from './meter-mqtt.tsx';
import { WAYS, type Way } from './meter-ways.ts';

/** Pause between two tries while the button is waited for, and how many there are: two minutes. */
const BUTTON_PAUSE_MS = 2_000;
const BUTTON_TRIES = 60;

/** Ways that may tell encrypted telegrams. */
const KEYED: readonly Way['id'][] = ['p1-tcp', 'p1-device', 'file'];

/** Picks a way, asks what it needs, and mounts the meter. */
export function ConnectMeter({ onClose }: { readonly onClose: () => void }): VNode {
  const { client, refresh, say } = useNode();
  const [way, setWay] = useState<Way>(WAYS[0]);
  const [place, setPlace] = useState('');
  const [name, setName] = useState('');
  const [key, setKey] = useState('');
  const [mqtt, setMqtt] = useState(emptyMqtt);
  const [file, setFile] = useState<File | undefined>(undefined);
  const [state, setState] = useState<'asking' | 'busy' | 'button'>('asking');
  const [error, setError] = useState<unknown>(undefined);
  const [taken, setTaken] = useState<ImportView | undefined>(undefined);
  const [unknown, setUnknown] = useState<File | undefined>(undefined);
  const stopped = useRef(new AbortController());
  useEffect(() => () => stopped.current.abort(), []);
  const isReady =
    way.id === 'file'
      ? file !== undefined
      : place.trim() !== '' && (way.id !== 'mqtt' || isMqttReady(place, mqtt));

  const pick = (next: Way, address: string): void => {
    setWay(next);
    setPlace(address);
    setError(undefined);
  };

  const connect = async (csvMap?: string): Promise<void> => {
    const { signal } = stopped.current;
    setState('busy');
    setError(undefined);
    setUnknown(undefined);
    const named = {
      ...(name.trim() === '' ? {} : { name: name.trim() }),
      ...(KEYED.includes(way.id) && key.trim() !== '' ? { token: key.trim() } : {}),
    };
    try {
      if (way.id === 'file' && file !== undefined) {
        setTaken(await addFile(client, named, file, csvMap));
      } else {
        const request: MountRequest = {
          ...named,
          kind: way.id === 'file' ? 'upload' : way.id,
          ...(way.id === 'mqtt' ? mqttRequest(place, mqtt) : { address: place.trim() }),
        };
        await addPaired(client, request, signal, () => setState('button'));
      }
      if (signal.aborted) return;
      say('The meter is connected');
      refresh();
      if (way.id !== 'file') onClose();
    } catch (failure) {
      if (signal.aborted) return;
      // A file may have been chosen before another way was.
      const told = way.id === 'file' && csvMap === undefined ? file : undefined;
      if (told !== undefined && (await isUnknownTable(client, told, failure))) setUnknown(told);
      else setError(failure);
    } finally {
      if (!signal.aborted) setState('asking');
    }
  };

  if (taken !== undefined)
    return (
      <Section title="The file was read">
        <Imported taken={taken} />
        <p class="row">
          <button type="button" class="btn" onClick={onClose}>
            Close
          </button>
        </p>
      </Section>
    );
  if (unknown !== undefined)
    return (
      <Section title="How is this file to be read?">
        <MapFile
          file={unknown}
          onTake={(csvMap) => void connect(csvMap)}
          onClose={() => setUnknown(undefined)}
        />
      </Section>
    );
  return (
    <Section title="Connect a meter" hint="Pick how it speaks. Readings stay on this computer.">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && state === 'asking') void connect();
        }}
      >
        <FindMeters
          onPick={({ kind, address }) => pick(WAYS.find(({ id }) => id === kind) ?? WAYS[0], address)}
        />
        <fieldset class="choices">
          <legend class="vh">How the meter speaks</legend>
          {WAYS.map((one) => (
            <label key={one.id} class="choice">
              <input
                type="radio"
                name="way"
                value={one.id}
                checked={one.id === way.id}
                disabled={state !== 'asking'}
                onChange={() => {
                  pick(one, '');
                }}
              />
              <span>
                <strong>{one.name}</strong>
                <span class="sub">{one.what}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div class="fields">
          <Field key={way.id} label={way.field} hint={way.hint}>
            {(ids) =>
              way.id === 'file' ? (
                <input
                  {...ids}
                  type="file"
                  required
                  onChange={(event) => setFile(event.currentTarget.files?.[0])}
                />
              ) : (
                <input
                  {...ids}
                  required
                  maxLength={1024}
                  spellcheck={false}
                  autocapitalize="off"
                  placeholder={way.example}
                  value={place}
                  onInput={(event) => setPlace(event.currentTarget.value)}
                />
              )
            }
          </Field>
          <Field label="Name" hint="What you call it; nobody else sees it">
            {(ids) => (
              <input
                {...ids}
                maxLength={64}
                placeholder="home"
                value={name}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            )}
          </Field>
        </div>
        {KEYED.includes(way.id) && (
          <div class="fields">
            <Field
              label="Key"
              hint="Only where the port encrypts (Austria, Luxembourg): 32 characters from your grid operator"
            >
              {(ids) => (
                <input
                  {...ids}
                  type="password"
                  autocomplete="off"
                  maxLength={128}
                  value={key}
                  onInput={(event) => setKey(event.currentTarget.value)}
                />
              )}
            </Field>
          </div>
        )}
        {way.id === 'mqtt' && <MqttFields place={place} value={mqtt} onChange={setMqtt} />}
        {state === 'button' && (
          <p class="shown" role="status">
            Press the button on the meter now. It lets a program in for 30 seconds; this page tries for two
            minutes.
          </p>
        )}
        <Problem error={error} />
        <div class="row">
          <button type="submit" class="btn go" disabled={!isReady || state !== 'asking'}>
            {state === 'asking' ? 'Connect' : state === 'button' ? 'Waiting for the button…' : 'Connecting…'}
          </button>
          <button type="button" class="btn" onClick={onClose}>
            Not now
          </button>
        </div>
      </form>
    </Section>
  );
}

/** Mounts a meter; one that wants its button pressed is asked again until it was. */
async function addPaired(
  client: NodeClient,
  request: MountRequest,
  signal: AbortSignal,
  onButton: () => void,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await client.addMeter(request, { signal });
      return;
    } catch (error) {
      if (!isEdmpError(error, 'ERR_METER_PAIRING') || tries === BUTTON_TRIES || signal.aborted) throw error;
      onButton();
      await new Promise((resolve) => setTimeout(resolve, BUTTON_PAUSE_MS));
    }
  }
}

/** A meter for a file, and its readings; a file that cannot be read makes no meter. */
async function addFile(
  client: NodeClient,
  named: { readonly name?: string; readonly token?: string },
  file: File,
  csvMap: string | undefined,
): Promise<ImportView> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { name } = await client.addMeter({ ...named, kind: 'upload' });
  try {
    return await client.importReadings(name, bytes, {
      takenAt: file.lastModified,
      ...(csvMap === undefined ? {} : { csvMap }),
    });
  } catch (error) {
    await client.removeMeter(name);
    throw error;
  }
}
