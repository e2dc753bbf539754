/** Sell: a new offer. */
export const sell = {
  'sell.title': 'What do you want to sell?',
  'sell.lead': 'Nothing leaves this computer before you press the last button.',
  'sell.brush': 'Which days',
  'sell.brush.label': 'Bought each day, {from} to {to}, kWh. Chosen: {chosen}.',
  'sell.brush.first': 'Earliest day on the picture',
  'sell.brush.last': 'Latest day on the picture',
  'sell.brush.days': { one: '{n} day', other: '{n} days' },
  'sell.brush.week': 'Last 7 days',
  'sell.brush.all': 'All four weeks',
  'sell.brush.day': 'Newest day',
  'sell.brush.quiet': {
    one: '{days} is so quiet that a buyer can tell you were away, even by the day.',
    other: '{days} are so quiet that a buyer can tell you were away, even by the day.',
  },
  'sell.sees': 'Who sees what',
  'sell.peek': 'Everybody will see: {what}',
  'sell.map': 'Where',
  'sell.map.label':
    'A drawn grid, north is up. The marked square is all that others learn of the place: {cell}.',
  'sell.map.cell': 'Cell {cell}, about {km} km wide',
  'sell.map.none': 'No place is told',
  'sell.map.dot': 'Others learn the square, nothing nearer. Your address is not in it.',
} as const;
