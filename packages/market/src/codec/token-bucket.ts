export { type Rate, type TokenBuckets, tokenBuckets } from '@edmp/interface/bounded';
