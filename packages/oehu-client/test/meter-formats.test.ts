import { formatReading, readMeterFile } from '@edmp/oehu-client';
import { METER_FORMATS, MeterContent, meterFileKind } from '@edmp/oehu-client/sources';
import { describe, expect, it } from 'vitest';
import { type Sample, sampleOptions, samples } from './support/samples.ts';

const MOST_LINES = 16;

/** A sample as a page shows it: its first lines, or its first bytes in hexadecimal. */
function shown({ bytes }: Sample): string {
  if (bytes.some((byte) => byte === 0)) {
    const hex = Array.from(bytes.subarray(0, 64), (byte) => byte.toString(16).padStart(2, '0'));
    return `${hex.join(' ').replace(/(?:\S\S ){16}/g, (line) => `${line.trimEnd()}\n`)}\n…`;
  }
  const lines = new TextDecoder().decode(bytes).replaceAll('\r\n', '\n').trimEnd().split('\n');
  const cut = lines.slice(0, MOST_LINES).map((line) => (line.length > 110 ? `${line.slice(0, 110)}…` : line));
  return [...cut, ...(lines.length > MOST_LINES ? ['…'] : [])].join('\n');
}

/** `docs/meter-formats.md` as the table of formats and the samples make it. */
function page(): string {
  const rows = METER_FORMATS.map(
    ({ kind, title, proof, declare }) =>
      `| [\`${kind}\`](#${kind}) | ${title} | ${proof} | ${declare ?? ''} |`,
  );
  const sections = METER_FORMATS.map(({ kind, title, proof, declare }) => {
    const own = samples.filter((sample) => sample.kind === kind);
    return [
      `## ${kind}`,
      '',
      `${title}.${declare === undefined ? '' : ` To be told: ${declare}.`}${
        proof === 'unproven' ? ' Made after its description; no file of a real meter was at hand.' : ''
      }`,
      '',
      ...own.flatMap((sample) => [`\`samples/${sample.name}\`:`, '', '```text', shown(sample), '```', '']),
    ].join('\n');
  });
  return `# Meter files that can be read

<!-- Made from the table of formats and packages/oehu-client/samples by the test meter-formats; run it with -u to renew. -->

\`edmp meter read FILE\` finds out which of these a file is. What a file does not tell has to be told; what cannot be is
an issue, never a value. *real*: the reader was tried on files of real meters or portals; *unproven*: only on samples made
after the format's description.

| kind | what | proof | to be told |
|---|---|---|---|
${rows.join('\n')}

${sections.join('\n')}`;
}

describe('the table of meter formats', () => {
  it('has one row a kind and at least one sample each', () => {
    const kinds = METER_FORMATS.map((format) => format.kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect([...new Set(samples.map((sample) => sample.kind))].sort()).toEqual([...kinds].sort());
  });

  it.each(samples.map((sample) => [sample.name, sample] as const))(
    'knows %s and no other format takes it for its own',
    (_name, { bytes, kind }) => {
      expect(meterFileKind(bytes)).toBe(kind);
      const takers = METER_FORMATS.filter((format) => format.looksLike(new MeterContent(bytes), {}));
      expect(takers.map((format) => format.kind)).toEqual([kind]);
      const file = readMeterFile(bytes, sampleOptions(kind));
      expect(file.kind).toBe(kind);
      expect(file.readings.length).toBeGreaterThan(0);
      expect({ readings: file.readings.map(formatReading), issues: file.issues }).toMatchSnapshot();
    },
  );

  it('is what the docs show', async () => {
    await expect(page()).toMatchFileSnapshot('../../../docs/meter-formats.md');
  });

  it('names the kinds when asked for one that is not there', () => {
    expect(() => readMeterFile(new Uint8Array(3), { kind: 'punch-cards' })).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_FORMAT', message: expect.stringContaining('dsmr-p1') }),
    );
  });
});
