import test from 'ava';
import { storageNamespace } from '../../functions/lib/tiers.ts';
import { ofKind, type Manifest } from './manifests.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}
interface Role extends Manifest {
  rules: Rule[];
}
interface Binding extends Manifest {
  roleRef: { kind: string; name: string };
  subjects: { kind: string; name: string; namespace?: string }[];
}

const roles = ofKind<Role>('Role', 'ClusterRole');
const bindings = ofKind<Binding>('RoleBinding', 'ClusterRoleBinding');
const everywhere = 'everywhere';

/** What somebody may do somewhere: `get,list pods`, `get secrets/vault-unseal`. */
interface Right {
  who: string;
  where: string;
  what: string;
}

const rights: Right[] = bindings.flatMap(({ metadata, roleRef, subjects }) => {
  const where = metadata.namespace ?? everywhere;
  const role = roles.find(
    (one) =>
      one.kind === roleRef.kind &&
      one.metadata.name === roleRef.name &&
      (one.kind === 'ClusterRole' || one.metadata.namespace === metadata.namespace),
  );
  const what = role?.rules.flatMap(describe) ?? [`all of ${roleRef.name}`];
  return subjects.flatMap(({ name }) => what.map((one) => ({ who: name, where, what: one })));
});

function describe({ resources, resourceNames, verbs }: Rule): string[] {
  const names = resourceNames?.map((name) => `/${name}`) ?? [''];
  return resources.flatMap((resource) =>
    names.map((name) => `${verbs.join(',')} ${resource}${name}`),
  );
}

const of = (who: string): string[] =>
  rights.filter((one) => one.who === who).map(({ where, what }) => `${where}: ${what}`);

/** All rights of all but provisioning, whose rights are tried against an API server. */
const table: Record<string, string[]> = {
  'data-get': [],
  'data-put': ['everywhere: create subjectaccessreviews'],
  gateway: [
    'selvedge: get,list,watch,create,update,delete fabricnetworks',
    'everywhere: create subjectaccessreviews',
  ],
  failover: [
    'selvedge-storage: get,list pods',
    'selvedge-storage: delete pods/vault-0',
    'selvedge-storage: delete pods/vault-1',
    'selvedge-storage: delete pods/vault-2',
    'selvedge-storage: get secrets/vault-unseal',
    'selvedge-storage: create events',
    'selvedge: list,create,delete configmaps',
    'selvedge: list,delete pods',
    'selvedge: create events',
    'selvedge: list fabricnetworks',
    'selvedge: patch fabricnetworks/status',
    'selvedge: create leases',
    'selvedge: get,watch,update leases/failover',
    'everywhere: get,list,patch nodes',
    'everywhere: get nodes/pods',
    'kube-node-lease: list leases',
    'default: create events',
  ],
  source: [
    'everywhere: list,watch statefulsets',
    'everywhere: list,watch deployments',
    'everywhere: list,watch nodes',
    'selvedge: list,watch fabricnetworks',
    'selvedge: list,watch services',
    'selvedge: create,watch leases',
    'selvedge: get,update leases/source',
    'selvedge-storage: list,watch pods',
  ],
  'rabbitmq-topology': [
    ...['exchanges', 'queues', 'bindings', 'policies'].map(
      (kind) => `selvedge: list,watch,update ${kind}`,
    ),
    ...['exchanges', 'queues', 'bindings', 'policies'].map(
      (kind) => `selvedge: update ${kind}/status`,
    ),
    'selvedge: get secrets/rabbitmq-connection',
    'selvedge: create,patch events',
  ],
  setup: ['selvedge-storage: get,patch secrets/vault-unseal'],
  'system:serviceaccounts:selvedge-users': [
    'selvedge: get,list fabricnetworks',
    'selvedge: create fabricnetworks/data',
    'selvedge: create fabricnetworks/identities',
  ],
  'system:unauthenticated': ['everywhere: all of system:service-account-issuer-discovery'],
};

for (const [who, what] of Object.entries(table)) {
  test(`${who} may ${what.length === 0 ? 'do nothing' : 'do this and no more'}`, (t) => {
    t.deepEqual(of(who), what);
  });
}

test('nobody is bound who is not in the table', (t) => {
  const known = [...Object.keys(table), 'provisioning'];
  t.deepEqual(
    [...new Set(rights.map(({ who }) => who))].filter((who) => !known.includes(who)),
    [],
  );
});

test('no rule says «all»', (t) => {
  t.true(roles.length > 5);
  for (const { file, metadata, rules } of roles) {
    const said = rules.flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs]);
    t.false(said.includes('*'), `${file}: ${metadata.name}`);
  }
});

test('nobody lists the Secrets of the tiers, and only by name is one read', (t) => {
  const reaching = rights.filter(({ where }) => [storageNamespace, everywhere].includes(where));
  const secrets = reaching.filter(({ what }) => / secrets\b/.test(what));
  for (const { what } of secrets) t.regex(what, /^(get|get,patch) secrets\/vault-unseal$/);
  t.deepEqual(
    secrets.map(({ who }) => who),
    ['failover', 'setup'],
  );
});

test('provisioning has no rights among the tiers', (t) => {
  const among = rights.filter(({ where }) => where === storageNamespace);
  t.deepEqual(
    among.filter(({ who }) => who.startsWith('provisioning')),
    [],
  );
});

test('every account that is bound names its namespace', (t) => {
  for (const { file, subjects } of bindings) {
    for (const { kind, namespace } of subjects)
      if (kind === 'ServiceAccount') t.truthy(namespace, file);
  }
});
