/** First words of a key's name: colours and looks, all of them kind. */
const LOOKS =
  'Amber Azure Blue Bold Brave Bright Bronze Calm Candid Clear Clever Coral Copper Crisp Dapper Early Eager Fair Fern Fleet Fond Frost Gentle Glad Golden Grand Green Grey Happy Hazel Honest Indigo Ivory Jade Jolly Keen Kind Late Lemon Light Lively Lucky Lunar Maple Merry Mild Mint Misty Nimble Noble Olive Opal Pale Patient Pearl Plain Proud Quick Quiet Rapid Rosy Ruby Rustic Sandy Scarlet Silent Silver Sky Sleek Snowy Solar Spry Steady Still Stout Sunny Swift Tall Tawny Teal Tidy Timber Topaz True Umber Velvet Violet Vivid Warm Wavy White Wild Windy Wise Witty Woody Young Zesty Autumn Harvest'.split(
    ' ',
  );
/** Second words: animals. */
const ANIMALS =
  'Adder Badger Bat Bear Beaver Bee Bison Boar Bream Buck Bunting Carp Cat Chough Crane Cricket Crow Cub Cuckoo Curlew Dace Deer Dipper Dove Duck Eagle Eel Egret Eider Elk Falcon Ferret Finch Fox Frog Gannet Goat Goose Grebe Grouse Gull Hare Hawk Hen Heron Hoopoe Ibis Jackdaw Jay Kestrel Kite Lamb Lark Linnet Lizard Lynx Magpie Marten Martin Merlin Mink Mole Moose Moth Mouse Newt Ocelot Osprey Otter Owl Ox Perch Petrel Pike Pipit Plover Puffin Quail Rabbit Raven Robin Rook Roach Salmon Seal Shrew Shrike Siskin Snail Snipe Sparrow Starling Stoat Stork Swallow Swan Swift Tern Thrush Toad Trout Vole Wagtail Weasel Whale Wolf Wren'.split(
    ' ',
  );

/**
 * Two words for a key, made from its bytes: the same key has the same words everywhere. They help people to tell keys
 * apart and prove nothing: there are some ten thousand pairs, and whoever tries long enough finds a key for any of them.
 */
export function keyWords(key: string): string {
  const take = (at: number): number => Number.parseInt(key.slice(at, at + 4), 16) || 0;
  return `${LOOKS[take(0) % LOOKS.length]} ${ANIMALS[take(4) % ANIMALS.length]}`;
}
