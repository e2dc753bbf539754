/** The headings of files that `seriesToCsv` writes. */
export const OWN_CSV_HEADER: string = 'start,seconds,commodity,flow,tariff,value,unit,quality';
/** The headings of files that `readingsToCsv` writes. */
export const RECORDED_CSV_HEADER: string =
  'at,seconds,commodity,flow,tariff,value,unit,register,serial,quality,trust';
