/** What an attacker of one's own is made of, and those that the simulator has: see README.md, "An attacker of your own". */
export type { Cheat, CheatGround, Victim } from './chain/cheats/cheat.ts';
export { GAP_CHEATS, type GapCheat } from './chain/cheats/gap-cheats.ts';
export { ROLES } from './market/byzantine/draw.ts';
export { answering, type ByzantineRole, type LiarContext } from './market/byzantine/role.ts';
export type { StrangerContext, StrangerRole } from './town/byzantine/role.ts';
export { STRANGERS } from './town/byzantine/strangers.ts';
