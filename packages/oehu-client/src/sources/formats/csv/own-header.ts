/** The headings of files that `seriesToCsv` writes. */
export const OWN_CSV_HEADER: string = 'start,seconds,commodity,flow,tariff,value,unit,quality';
