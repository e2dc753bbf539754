/** Makes property tests draw the same values in every run, so that a mutant's fate does not change between runs. */
import * as fc from 'fast-check';

fc.configureGlobal({ seed: 42 });
