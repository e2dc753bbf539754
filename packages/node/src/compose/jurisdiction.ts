/** ISO 3166 code for a country that nobody told (user-assigned, as CLDR uses it). */
const UNKNOWN = 'ZZ';
/** Countries with meters that EDMP reads: the European Economic Area, its neighbours, and where Green Button is at home. */
const COUNTRIES =
  'NL BE DE LU AT FR ES PT IT IE GB DK SE NO FI IS EE LV LT PL CZ SK HU SI HR RO BG GR CY MT LI CH UA US CA AU NZ';
const known = new Map<string, string>();

/**
 * The country whose law applies to the readings of a meter: the one that its time zone lies in, as ICU knows it, as an
 * ISO 3166 code; `ZZ` for a zone that tells none (`UTC`) or lies elsewhere.
 *
 * @param zone - IANA name, also one that was replaced since, e.g. `Europe/Kiev`.
 */
export function jurisdictionOf(zone: string): string {
  let country = known.get(zone);
  if (country === undefined) {
    const name = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
    country = COUNTRIES.split(' ').find((code) => zonesOf(code).includes(name)) ?? UNKNOWN;
    known.set(zone, country);
  }
  return country;
}

function zonesOf(country: string): readonly string[] {
  const locale: Intl.Locale & { getTimeZones?(): readonly string[] | undefined } = new Intl.Locale(
    `und-${country}`,
  );
  return locale.getTimeZones?.() ?? [];
}
