import { type MountRequest, MQTT_MAPPINGS } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Field } from '../components/bits.tsx';
import { mqttMapName } from '../text/meters.ts';

/** What the owner told of a meter behind a broker, besides the address of the broker. */
export interface MqttChoice {
  readonly topic: string;
  /** Name of a map, `own` for one that is written out, empty to go by the topic. */
  readonly mapping: string;
  /** The owner's map, as JSON. */
  readonly own: string;
  readonly user: string;
  readonly password: string;
  readonly fingerprint: string;
}

/** Nothing told yet. */
export const emptyMqtt: MqttChoice = {
  topic: '',
  mapping: '',
  own: '',
  user: '',
  password: '',
  fingerprint: '',
};

type OwnMap = Exclude<MountRequest['mapping'], string | undefined>;

/** The map that somebody wrote; undefined while it is no JSON. The node looks at what is in it. */
function ownMapOf(text: string): OwnMap | undefined {
  try {
    const map: unknown = JSON.parse(text);
    return typeof map === 'object' && map !== null ? (map as OwnMap) : undefined;
  } catch {
    return undefined;
  }
}

/** A topic as an address has it: a question mark would begin something else. */
const inAddress = (topic: string): string => topic.replaceAll('%', '%25').replaceAll('?', '%3F');

/** Whether the address of a broker names a topic itself. */
const hasTopic = (place: string): boolean => /^mqtts?:\/\/[^/]+\/./i.test(place.trim());

/** Whether there is enough to ask the node. */
export function isMqttReady(place: string, { topic, mapping, own }: MqttChoice): boolean {
  if (mapping === 'own') return ownMapOf(own) !== undefined;
  return hasTopic(place) || topic.trim() !== '';
}

/** The parts of a request that mounts a meter behind a broker. */
export function mqttRequest(
  place: string,
  { topic, mapping, own, user, password, fingerprint }: MqttChoice,
): Pick<MountRequest, 'address' | 'mapping' | 'user' | 'password' | 'fingerprint'> {
  const broker = /^[a-z]+:\/\//i.test(place.trim()) ? place.trim() : `mqtt://${place.trim()}`;
  const address =
    hasTopic(broker) || topic.trim() === ''
      ? broker
      : `${broker.replace(/\/+$/, '')}/${inAddress(topic.trim())}`;
  const map = mapping === 'own' ? ownMapOf(own) : mapping;
  const hex = fingerprint.replace(/[\s:]/g, '').toLowerCase();
  return {
    address,
    ...(map === undefined || map === '' ? {} : { mapping: map }),
    ...(user.trim() === '' ? {} : { user: user.trim() }),
    ...(password === '' ? {} : { password }),
    ...(hex === '' ? {} : { fingerprint: hex }),
  };
}

/** Asks which topic, what its messages hold, and whom the broker lets in. */
export function MqttFields(props: {
  readonly place: string;
  readonly value: MqttChoice;
  readonly onChange: (value: MqttChoice) => void;
}): VNode {
  const { place, value, onChange } = props;
  const text = (name: keyof MqttChoice) => (event: { readonly currentTarget: { readonly value: string } }) =>
    onChange({ ...value, [name]: event.currentTarget.value });
  const isBroken = value.own.trim() !== '' && ownMapOf(value.own) === undefined;
  const plain = { maxLength: 512, spellcheck: false, autocapitalize: 'off', autocomplete: 'off' } as const;
  return (
    <>
      <div class="fields">
        {!hasTopic(place) && (
          <Field label="Topic" hint="As your broker has it; + and # stand for any level">
            {(ids) => (
              <input
                {...ids}
                {...plain}
                placeholder="zigbee2mqtt/plug"
                value={value.topic}
                onInput={text('topic')}
              />
            )}
          </Field>
        )}
        <Field label="Its messages hold" hint="By the topic, unless you say so">
          {(ids) => (
            <select {...ids} value={value.mapping} onChange={text('mapping')}>
              <option value="">what the topic looks like</option>
              {MQTT_MAPPINGS.map((name) => (
                <option key={name} value={name}>
                  {mqttMapName(name)}
                </option>
              ))}
              <option value="own">something else: a map of my own</option>
            </select>
          )}
        </Field>
      </div>
      {value.mapping === 'own' && (
        <Field
          label="Map"
          hint="JSON: which value of a message is what. The README of the node has an example."
          problem={isBroken ? 'This is no JSON yet' : undefined}
        >
          {(ids) => (
            <textarea
              {...ids}
              rows={8}
              maxLength={16_384}
              spellcheck={false}
              value={value.own}
              onInput={text('own')}
            />
          )}
        </Field>
      )}
      <div class="fields">
        <Field label="User" hint="Where the broker asks for one">
          {(ids) => <input {...ids} {...plain} value={value.user} onInput={text('user')} />}
        </Field>
        <Field label="Password" hint="Stays in the node’s folder and is never shown again">
          {(ids) => (
            <input
              {...ids}
              type="password"
              autocomplete="off"
              maxLength={512}
              value={value.password}
              onInput={text('password')}
            />
          )}
        </Field>
        {/^mqtts:/i.test(place.trim()) && (
          <Field
            label="Certificate"
            hint="SHA-256 of a certificate that you made yourself; leave it empty for one that computers trust"
          >
            {(ids) => <input {...ids} {...plain} value={value.fingerprint} onInput={text('fingerprint')} />}
          </Field>
        )}
      </div>
    </>
  );
}
