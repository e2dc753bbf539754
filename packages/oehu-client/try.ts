import { readFileSync, readdirSync } from 'node:fs';
import { readMeterFile, formatReading } from '@edmp/oehu-client';
for (const f of readdirSync('/work/shared/fixtures/meters').filter(f=>f!=='SOURCES.md')){
 const b=new Uint8Array(readFileSync('/work/shared/fixtures/meters/'+f));
 try { const r=readMeterFile(b,{receivedAt:Date.UTC(2026,0,1)}); console.log(f,r.kind,r.readings.length,r.issues.slice(0,3),r.issues.length); for(const x of r.readings.slice(0,2)) console.log('   ',JSON.stringify(formatReading(x))); } catch(e:any){console.log(f,e.code,e.message)}
}
