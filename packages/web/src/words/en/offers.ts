/** My offers. */
export const offers = {
  'offers.what': 'your offers',
  'offers.text': 'What others can buy from you now. Stopping an offer does not end the consent behind it.',
  'offers.none': 'You offer nothing now',
  'offers.none.text': 'What you put up for sale stands here until it is sold, stopped, or over.',
} as const;
