import * as z from 'zod';

// Must run before any schema is made: without it zod probes `new Function`, which the page's policy forbids.
z.config({ jitless: true });
