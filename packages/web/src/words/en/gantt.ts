/** Consents as a timeline. */
export const gantt = {
  'gantt.title': 'Who may use my data, and until when',
  'gantt.today': 'today',
  'gantt.running': 'For sale or sold, running',
  'gantt.soon': 'Ends soon',
  'gantt.stopped': 'Stopped or over',
  'gantt.until': 'until {when}',
  'gantt.ended': 'ended {when}',
  'gantt.sold': { one: '{n} copy sold', other: '{n} copies sold' },
} as const;
