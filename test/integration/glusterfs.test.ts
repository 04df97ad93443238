/** The servers under ledgers, on machines of their own: what is lost comes back without anybody's hand. */
import { spawn } from 'node:child_process';
import { link, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import test from 'ava';

import { withDeadline } from '../../functions/lib/deadline.ts';
import { until } from '../../functions/lib/until.ts';
import { volume } from '../../glusterfs/keeper/options.ts';
import { run } from '../../scripts/lib/shell.ts';
import { brick, Servers } from './glusterfs/volume.ts';

let servers: Servers;
let mounted: string;

test.before(async () => {
  servers = await Servers.prepare();
  await servers.start();
  mounted = await servers.mount();
});
// A test that fails in the middle must not be why those after it fail.
test.beforeEach(() => servers.mend(mounted));
test.after.always(() => servers.stop());

const inVolume = (file: string): string => join(mounted, file);
const onBrick = (n: number, file: string): string =>
  join(servers.machines[n]!.folder('bricks'), volume, file);

/** Writes as a ledger does, and gives up; a write that hangs would hang this process too. */
const write = (file: string, text: string): Promise<string> =>
  run('sh', ['-c', 'printf %s "$1" | dd conv=fsync of="$0"', inVolume(file), text], {
    timeout: 20_000,
  });
const taken = (file: string): Promise<boolean> =>
  write(file, 'taken').then(
    () => true,
    () => false,
  );

test.serial('a server lost and back heals by itself', async (t) => {
  t.timeout(290_000);
  const lost = servers.machines[2]!;
  await write('before', 'one');
  await lost.crash();
  await write('meanwhile', 'two');
  servers.startKeeper(lost);
  await servers.serving(3);
  const healed = { what: 'the file to be healed', timeoutMs: 60_000, mostMs: 500 };
  t.is(await until(healed, () => readFile(onBrick(2, 'meanwhile'), 'utf8')), 'two');
});

test.serial('a server without its disk is filled again', async (t) => {
  t.timeout(290_000);
  // The first is the one that once made the pool and the volume: it must not make others now.
  const lost = servers.machines[0]!;
  await write('kept', 'three');
  await servers.loseDisk(lost);
  servers.startKeeper(lost);
  await servers.serving(3);
  const filled = { what: 'the brick to be filled', timeoutMs: 60_000, mostMs: 500 };
  t.is(await until(filled, () => readFile(onBrick(0, 'kept'), 'utf8')), 'three');
});

test.serial('with two servers away writes are refused, and it recovers alone', async (t) => {
  t.timeout(290_000);
  await write('safe', 'four');
  for (const n of [1, 2]) await servers.machines[n]!.crash();
  const refused = { what: 'writes to be refused', timeoutMs: 60_000, mostMs: 500 };
  await until(refused, async () => !(await taken('refused')));
  t.false(await taken('refused'));
  for (const n of [1, 2]) servers.startKeeper(servers.machines[n]!);
  await servers.serving(3);
  await until({ what: 'writes to be taken', timeoutMs: 60_000 }, () => taken('again'));
  t.is(await run('cat', [inVolume('safe')], { timeout: 20_000 }), 'four');
});

test.serial('a node that two of three servers keep out can no longer write', async (t) => {
  t.timeout(290_000);
  await write('kept-out', 'before');
  // What is open goes on being so: a ledger's file is never closed.
  const [first, second] = [await open(inVolume('open'), 'a'), Date.now()];
  t.teardown(() => first.close().catch(() => undefined));
  await first.write('one');
  for (const n of [0, 1]) await servers.setShut(n, 'PUT');
  t.false(await taken('kept-out'));
  await t.throwsAsync(first.write('two').then(() => first.sync()));
  t.log(`refused within ${Date.now() - second} ms, both orders and a new file among it`);
  for (const n of [0, 1, 2]) {
    const copy = await readFile(onBrick(n, 'open'), 'utf8');
    if (n < 2) t.is(copy, 'one');
  }
  for (const n of [0, 1]) await servers.setShut(n, 'DELETE');
  await until({ what: 'writes to be taken', timeoutMs: 60_000 }, () => taken('kept-out'));
});

test.serial('a server that starts anew goes on keeping a node out', async (t) => {
  t.timeout(290_000);
  const [kept, lost] = [servers.machines[0]!, servers.machines[1]!];
  await servers.setShut(0, 'PUT');
  await kept.crash();
  servers.startKeeper(kept);
  await servers.serving(3);
  await lost.crash();
  t.false(await taken('through-one'), 'only the third is left to it');
  servers.startKeeper(lost);
  await servers.serving(3);
  await servers.setShut(0, 'DELETE');
  await until({ what: 'writes to be taken', timeoutMs: 60_000 }, () => taken('through-one'));
});

test.serial('what a node that is kept out has locked, others can lock', async (t) => {
  t.timeout(290_000);
  const elsewhere = join(await servers.mount(servers.machines[0]), 'locked');
  await write('locked', '');
  const lock = ['--no-fork', '--exclusive', inVolume('locked'), 'sleep', 'infinity'];
  const holder = spawn('flock', lock, { stdio: 'ignore' });
  t.teardown(() => holder.kill('SIGKILL'));
  const isLocked = (): Promise<boolean> =>
    run('flock', ['--nonblock', elsewhere, 'true'], { timeout: 20_000 }).then(
      () => false,
      () => true,
    );
  await until({ what: 'the file to be locked', timeoutMs: 20_000, mostMs: 200 }, isLocked);
  for (const n of [0, 1]) await servers.setShut(n, 'PUT');
  t.true(await isLocked(), 'by the node at the server beside it');
  await servers.setShut(2, 'PUT');
  const free = { what: 'the lock to be free', timeoutMs: 10_000, mostMs: 200 };
  await until(free, async () => !(await isLocked()));
  await run('dd', ['conv=fsync', `of=${elsewhere}`], { input: 'moved', timeout: 20_000 });
  for (const n of [0, 1, 2]) await servers.setShut(n, 'DELETE');
  await servers.serving(3);
  const healed = { what: 'the file to be healed', timeoutMs: 60_000, mostMs: 500 };
  const moved = async (): Promise<boolean> =>
    (await readFile(onBrick(2, 'locked'), 'utf8')) === 'moved';
  await until(healed, moved);
  t.pass();
});

test.serial(
  'who holds a locked file open writes on after each server was away in turn',
  async (t) => {
    t.timeout(290_000);
    // As an orderer has its log: locked, and open for as long as it runs.
    const program =
      'exec 9>>"$0" && flock --nonblock 9 && while read -r n; do echo "$n" >&9; echo $?; done';
    const writer = spawn('bash', ['-c', program, inVolume('log')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.teardown(() => writer.kill('SIGKILL'));
    const answers = createInterface({ input: writer.stdout })[Symbol.asyncIterator]();
    const append = async (text: string): Promise<unknown> => {
      writer.stdin.write(`${text}\n`);
      const { value } = await withDeadline(30_000, answers.next(), () => new Error('it hangs'));
      return value;
    };
    t.is(await append('begin'), '0');
    for (const n of [0, 1, 2]) {
      await servers.machines[n]!.crash();
      t.is(await append(`without ${n}`), '0', `while server ${n} is away`);
      servers.startKeeper(servers.machines[n]!);
      await servers.serving(3);
      const healed = async (): Promise<boolean> =>
        (await readFile(onBrick(n, 'log'), 'utf8')).includes(`without ${n}`);
      await until({ what: 'the file to be healed', timeoutMs: 60_000, mostMs: 500 }, healed);
      await servers.linked(mounted);
      t.is(await append(`with ${n}`), '0', `server ${n} is back`);
    }
    const all = 'begin without 0 with 0 without 1 with 1 without 2 with 2';
    t.is((await readFile(inVolume('log'), 'utf8')).trim().replace(/\n/g, ' '), all);
  },
);

test.serial('a brick that glusterd took for failed, and runs, is found by who comes', async (t) => {
  t.timeout(290_000);
  await servers.cross(servers.machines[1]!);
  await servers.serving(3);
  const begun = Date.now();
  await servers.linked(await servers.mount(servers.machines[2]));
  t.log(`linked ${Date.now() - begun} ms after the keepers called it served`);
  await servers.linked(mounted);
  t.pass();
});

test.serial('what is mounted goes on when the pod that mounted it ends', async (t) => {
  await servers.endMounter();
  t.true(await taken('after'));
});

test.serial('a folder that nothing is mounted on takes no write, not even of root', async (t) => {
  await t.throwsAsync(writeFile(join(servers.bare, 'stray'), ''), { code: 'EPERM' });
});

/** Puts a file among those that are to be healed; Gluster may have done so already. */
async function index(file: string, entry: string): Promise<void> {
  await rm(entry, { force: true });
  await link(file, entry);
}

test.serial('copies that contradict each other are not served, and said', async (t) => {
  t.timeout(290_000);
  await write('torn', 'five');
  const everywhere = { what: 'three copies', timeoutMs: 30_000 };
  await until(everywhere, () => Promise.all([0, 1, 2].map((n) => stat(onBrick(n, 'torn')))));
  for (const n of [0, 1, 2]) {
    await writeFile(onBrick(n, 'torn'), `told by ${n}`);
    for (const other of [0, 1, 2].filter((one) => one !== n)) {
      const blame = `--name=trusted.afr.${volume}-client-${other}`;
      // The first of three counters is of writes that the other has missed.
      const value = '--value=0x000000010000000000000000';
      t.is(await servers.machines[n]!.run(['setfattr', blame, value, join(brick, 'torn')]), 0);
    }
  }
  // The healers hear of the file when all three blame: of one that blames alone they copy, and nothing is torn.
  for (const n of [0, 1, 2]) await index(onBrick(n, 'torn'), await servers.indexed(n, 'torn'));
  const read = (): Promise<string> => run('cat', [inVolume('torn')], { timeout: 20_000 });
  const refused = { what: 'reads to be refused', timeoutMs: 30_000 };
  await until(refused, async () => /error/i.test(await read().catch(String)));
  const said = { what: 'the metric', timeoutMs: 60_000, mostMs: 1000 };
  const metric = /^selvedge_volume_split_brain\{.*\} [1-9]/m;
  await until(said, async () => metric.test(await servers.metrics(0)));
  t.pass();
});
