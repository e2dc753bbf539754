export { minHeap } from '@edmp/interface/bounded';
