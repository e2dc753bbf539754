import { isEdmpError } from '@edmp/interface';
import { readGreenButton } from '@edmp/oehu-client/sources';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const feed = (intervals: string): string => `<feed xmlns:espi="http://naesb.org/espi">
  <entry><link rel="self" href="/UsagePoint/1"/><content><UsagePoint><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint></content></entry>
  <entry><link rel="self" href="/ReadingType/1"/><content><ReadingType><flowDirection>1</flowDirection><powerOfTenMultiplier>-3</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>
  <entry><link rel="up" href="/UsagePoint/1/MeterReading/1/IntervalBlock"/><content><IntervalBlock>${intervals}</IntervalBlock></content></entry></feed>`;
const whole = (start: number): string =>
  `<IntervalReading><timePeriod><duration>900</duration><start>${start}</start></timePeriod><value>5</value></IntervalReading>`;

/** What a file holds, or the code of its refusal. */
const outcome = (text: string): unknown => {
  try {
    return readGreenButton(text);
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    return error.code;
  }
};
/** The same text in a form that is read as a tree: an attribute is none of the usual form. */
const asTree = (text: string): string =>
  text.replaceAll(/<((?:\w+:)?)IntervalReading>/g, '<$1IntervalReading a="">');

it('intervals in the usual form are read as the tree of their elements would be', () => {
  const number = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 33 }).map(String),
    fc.constantFrom(
      '',
      ' 1725321600 ',
      '1725321600.25',
      '-5',
      '900',
      '9e2',
      '12345678901',
      '123456789012',
      '&#49;',
      'x',
    ),
  );
  const odd = fc.constantFrom(
    '',
    ' \n ',
    '<cost>12</cost>',
    '<cost/>',
    '<!-- 5 -->',
    '<![CDATA[5]]>',
    'text',
    '<value>7</value>',
    '<timePeriod><start>1</start></timePeriod>',
    '<a><b><c>1</c></b></a>',
    '<tou>2</tou>',
    '<tou> 3 </tou>',
    '<ReadingQuality><quality>8</quality></ReadingQuality>',
    '<ReadingQuality><quality>toString</quality></ReadingQuality>',
    '<ReadingQuality>9</ReadingQuality>',
    '<start>1725321600</start>',
    '</x>',
    '<value',
    '<x y="1">1</x>',
    '<a:b:value>7</a:b:value>',
  );
  const interval = fc
    .record({
      prefix: fc.constantFrom('', 'espi:'),
      start: number,
      duration: number,
      value: number,
      odds: fc.tuple(odd, odd, odd),
      isRare: fc.nat(3),
    })
    .map(({ prefix, start, duration, value, odds: [a, b, c], isRare }) => {
      const [x, y, z] = isRare === 0 ? [a, b, c] : ['', a, ''];
      const tag = (name: string, text: string): string => `<${prefix}${name}>${text}</${prefix}${name}>`;
      const period = tag('timePeriod', `${x}${tag('duration', duration)}${tag('start', start)}`);
      return tag('IntervalReading', `${period}${y}${tag('value', value)}${z}`);
    });
  let read = 0;
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 4 }), (intervals) => {
      const text = feed(`${whole(1_725_321_600)}${intervals.join('\n')}`);
      const found = outcome(text);
      if (typeof found === 'object') read++;
      expect(found).toEqual(outcome(asTree(text)));
    }),
    { numRuns: 1_000 },
  );
  expect(read).toBeGreaterThan(100);
});

it('an interval that is cut off anywhere is refused as malformed', () => {
  const text = feed(whole(1_725_321_600));
  const from = text.indexOf('<IntervalReading>');
  for (let end = from + 1; end < text.length; end++)
    expect(outcome(text.slice(0, end))).toBe('ERR_METER_FORMAT');
});
