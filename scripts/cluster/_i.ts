import * as catalog from './catalog.ts';
import { ImageStore, leaveNoMounts } from './images.ts';
import { registry } from './settings.ts';
const t0 = Date.now();
const log = (s: string) => console.log(((Date.now()-t0)/1000).toFixed(1), s);
const store = new ImageStore({registry, tls:false});
for (const i of [...catalog.functions, ...catalog.fabric]) await store.provide(i, l => log(i.name+' '+l)).then(log, (e: unknown) => console.log(i.name, e));
await leaveNoMounts();
