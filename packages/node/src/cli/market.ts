import { COMMODITIES } from '@edmp/interface';
import { Command, Option } from 'commander';
import { LISTING_SORTS, type ListingFilter, type ListingView } from '../service.ts';
import { amount, day, geohash } from './arguments.ts';
import { print, strangersText, table } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';

const TITLE_WIDTH = 32;

/** Listings as a table for people. */
export function listingTable(listings: readonly ListingView[]): string {
  if (listings.length === 0)
    return 'Nothing matches. Fewer conditions find more; a node sees what its peers told it.';
  return table(
    ['PRICE', 'TITLE', 'WHAT', 'DAYS', 'STEP', 'PLACE', 'TRUST', 'LEFT', 'ASSET'],
    listings.map(({ descriptor: d, ...listing }) => [
      `${listing.price} ${listing.currencyLabel}`,
      strangersText(d.title, TITLE_WIDTH),
      `${d.commodity} ${d.flow}${listing.own ? ' (yours)' : ''}`,
      d.from === d.to ? d.from : `${d.from} … ${d.to}`,
      d.step,
      d.cell ?? '–',
      d.attestation,
      listing.remaining >= Number.MAX_SAFE_INTEGER / 2 ? 'unlimited' : String(listing.remaining),
      listing.asset,
    ]),
  );
}

/** Why a list that is sorted by trust begins as it does. */
function explained(listings: readonly ListingView[], options: RemoteOptions): string {
  const first = listings.find((listing) => !listing.own)?.seller;
  const why =
    first === undefined
      ? ''
      : ` Why the first of them: ${sameNodeCommand(`trust ${first} --explain`, options)}`;
  return `First come sellers to whom your completed deals lead, by how many of the random walks along them reach each; then the others. Each seller’s cheapest comes first.${why}`;
}

/** `edmp market`: searches what is for sale, as the running node sees it. */
export function marketCommand(): Command {
  return remoteOptions(new Command('market').description('search what is for sale'))
    .argument('[words...]', 'words of the title')
    .addOption(new Option('--commodity <kind>', 'what is metered').choices(COMMODITIES))
    .option('--from <day>', 'first day wanted', day)
    .option('--to <day>', 'last day wanted', day)
    .option('--cell <geohash>', 'place, as the start of a geohash', geohash)
    .option('--max-price <minor>', 'most that a licence may cost', amount)
    .addOption(
      new Option('--sort <order>', 'newest, cheapest, or most trusted seller first')
        .choices(LISTING_SORTS)
        .default('newest'),
    )
    .action(async (words: string[], options: RemoteOptions & ListingFilter) => {
      const { commodity, from, to, cell, maxPrice, sort = 'newest' } = options;
      const listings = await remoteNode(options).listings({
        sort,
        ...(words.length === 0 ? {} : { text: words.join(' ') }),
        ...(commodity === undefined ? {} : { commodity }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(cell === undefined ? {} : { cell }),
        ...(maxPrice === undefined ? {} : { maxPrice }),
      });
      print(options.json, listings, () => {
        const found = listingTable(listings);
        return sort === 'trust' && listings.length > 0
          ? `${found}\n\n${explained(listings, options)}`
          : found;
      });
    });
}
