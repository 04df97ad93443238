#!/usr/bin/env node
/** The command `selvedge`: what a person runs against a cluster that is there. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { connectionOf, issueIdentity, type Organization } from './applications.ts';
import { sendToBroker } from './broker.ts';
import { drop, listLetters, replay, type Letters } from './dead-letters.ts';
import { imageNames } from './images.ts';
import { install } from './install.ts';
import { tableOf } from './letters-table.ts';
import { connectHttp, connectTarget, type TargetOptions } from './target.ts';
import { issueToken } from './token.ts';
import { uninstall } from './uninstall.ts';

const say = (line: string): void => {
  console.error(line);
};
const program = new Command('selvedge').description('Selvedge on a Kubernetes cluster');

interface Common {
  kubeconfig: string;
  context?: string;
  kubectl?: string;
}

function command(name: string, description: string, of = program): Command {
  const usual = process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config');
  return of
    .command(name)
    .description(description)
    .option('--kubeconfig <file>', 'how to reach the cluster', usual)
    .option('--context <name>', 'a context of the kubeconfig, if not its current one')
    .option('--kubectl <path>', 'the kubectl to run');
}

const targetOf = ({ kubeconfig, context, kubectl }: Common): TargetOptions => ({
  kubeconfig,
  context,
  kubectl,
});

command('install', 'bring the cluster to what the manifests say; safe to run again')
  .option('--registry <host>', 'the registry that has the images, as <host>/selvedge/<name>')
  .option('--tag <tag>', 'their tag', 'latest')
  .option('--images <file>', 'JSON with the reference of each image, instead of the two above')
  .option('--overlay <name>', 'a folder of knative/overlays', 'local')
  .option('--state <folder>', 'where to put what is generated', '.selvedge')
  .action(async (options: Common & InstallFlags) => {
    const { overlay, state } = options;
    const images = await imagesOf(options);
    await install({ ...targetOf(options), images, overlay, state, onProgress: say });
  });

command('uninstall', 'remove the installation with all networks and all data')
  .requiredOption('--yes', 'that this is meant')
  .action(async (options: Common) => {
    await uninstall({ ...targetOf(options), onProgress: say });
  });

command('token <name>', 'print a token of the user NAME for the gateway')
  .option('--seconds <n>', 'how long it is good', '3600')
  .action(async (name: string, options: Common & { seconds: string }) => {
    console.log(await issueToken(targetOf(options), name, { seconds: Number(options.seconds) }));
  });

const identity = program
  .command('identity')
  .description('who an application is on a network, as one of its organizations');

forApplications('issue <network> <organization>', 'make a key and have it certified', identity)
  .option('--out <folder>', 'where to write it; NETWORK-ORGANIZATION when left out')
  .addHelpText(
    'after',
    '\nThe folder gets msp/ (certificate, key, config.yaml) and connection.json, with addresses within the\n' +
      'cluster. It is good for 30 days; issue it again to renew it, with a new key. None can be revoked yet.\n' +
      'Needed is the right to create fabricnetworks/identities, named NETWORK/ORGANIZATION.',
  )
  .action(async (network: string, organization: string, options: Common & ApplicationFlags) => {
    const of = await organizationOf({ network, organization }, options);
    const folder = options.out ?? `${network}-${organization}`;
    const { mspId, notAfter } = await issueIdentity(of, folder);
    say(`${folder} has an identity of ${mspId}, good until ${notAfter}`);
  });

forApplications(
  'connection <network> <organization>',
  'print where the peers of an organization are, within the cluster',
).action(async (network: string, organization: string, options: Common & ApplicationFlags) => {
  const of = await organizationOf({ network, organization }, options);
  console.log(JSON.stringify(await connectionOf(of), null, 2));
});

interface ApplicationFlags {
  gateway: string;
  name?: string;
  out?: string;
}

function forApplications(name: string, description: string, of = program): Command {
  return command(name, description, of)
    .option('--gateway <url>', 'the address of the gateway', 'http://127.0.0.1:8480')
    .option('--name <user>', 'as this service account of selvedge-users; else by SELVEDGE_TOKEN');
}

async function organizationOf(
  of: Pick<Organization, 'network' | 'organization'>,
  { gateway, name, ...common }: Common & ApplicationFlags,
): Promise<Organization> {
  const given = process.env['SELVEDGE_TOKEN'];
  const token = name === undefined ? given : await issueToken(targetOf(common), name);
  if (!token) throw new Error('say who you are: --name or SELVEDGE_TOKEN');
  return { ...of, gateway, token };
}

const events = program
  .command('events')
  .description('dead letters: events that a subscriber did not take, with why')
  .addHelpText(
    'after',
    '\nThe whole of one: kubectl get configmap dead-letter-ID -n selvedge -o yaml',
  );

command('list', 'list them, the oldest first', events).action(async (options: Common) => {
  const letters = await listLetters(lettersAt(options));
  if (letters.length === 0) say('No dead letters are kept.');
  else console.log(tableOf(letters, new Date()).join('\n'));
});

command('replay [ids...]', 'send them to the Broker again, as they were', events)
  .option('--all', 'all of them')
  .action(async (ids: string[], options: Common & { all?: boolean }) => {
    await replay(lettersAt(options), { ids, all: options.all });
  });

command('drop [ids...]', 'forget them', events)
  .option('--all', 'all of them')
  .action(async (ids: string[], options: Common & { all?: boolean }) => {
    await drop(lettersAt(options), { ids, all: options.all });
  });

function lettersAt(options: Common): Letters {
  const namespace = 'selvedge';
  const { kubernetes } = connectTarget(targetOf(options));
  const http = connectHttp(targetOf(options));
  const send = (event: object) => sendToBroker({ kubernetes, http }, namespace, event);
  return { kubernetes, namespace, send, say };
}

interface InstallFlags {
  registry?: string;
  tag: string;
  images?: string;
  overlay: string;
  state: string;
}

async function imagesOf({ registry, tag, images }: InstallFlags): Promise<Record<string, string>> {
  if (images !== undefined) {
    return z.record(z.string(), z.string()).parse(JSON.parse(await readFile(images, 'utf8')));
  }
  if (registry === undefined) throw new Error('say where the images are: --registry or --images');
  return Object.fromEntries(
    imageNames.map((name) => [name, `${registry}/selvedge/${name}:${tag}`]),
  );
}

try {
  await program.parseAsync();
} catch (error) {
  say(`selvedge: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
