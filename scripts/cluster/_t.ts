import { makeNetwork, removeNetwork } from './network.ts';
import { startRegistry } from './registry.ts';
import { startControlPlane } from './controlplane.ts';
import { makePki } from './pki.ts';
import { prepareNode, startNode, nodeReady } from './node.ts';
import { ImageStore } from './images.ts';
import { build, buildComponent } from './build.ts';
import { nodes, registry, checkout } from './settings.ts';
import { basename, join } from 'node:path';
import { mkdir, symlink } from 'node:fs/promises';
const t0 = Date.now();
const log = (s: string) => console.log(((Date.now()-t0)/1000).toFixed(1), s);
await makePki();
await makeNetwork(); log('net');
await startRegistry(); log('registry');
const kubernetes = await buildComponent('kubernetes'); const etcd = await buildComponent('etcd');
await mkdir('/work/main/.selvedge/bin',{recursive:true});
await symlink(join(kubernetes,'kubectl'), '/work/main/.selvedge/bin/kubectl').catch(()=>undefined);
log('built');
const cp = startControlPlane({kubernetes, etcd}).then(()=>log('cp'));
const store = new ImageStore({registry, tls:false});
const folder = await build('pause', {source: join(import.meta.dirname,'images/pause'), binaries:['pause'], links:{}, fetch:[], build: (out)=>[{program:'go', args:['build','-trimpath','-buildvcs=false','-ldflags','-s -w','-o',`${out}/`,'.']}]}); log('pause');
const pause = await store.provide({name:'pause', containerfile: join(import.meta.dirname,'images/binary.Containerfile'), args:{PROGRAM:'pause',NAME:'pause'}, context: async()=>({folder,key:basename(folder)})}, log);
log(pause);
await cp;
for (const n of nodes) { await prepareNode(n, pause); await startNode(n, kubernetes); }
for (const n of nodes) { await nodeReady(n); log(n.name); }
