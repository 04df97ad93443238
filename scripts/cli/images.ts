/** Every image of the manifests and of the environment of functions. */
export const imageNames = [
  ...['gateway', 'provisioning', 'failover', 'source', 'data-put', 'data-get', 'keys', 'setup'],
  ...['peer', 'orderer', 'chaincode-node', 'etcd', 'minio', 'vault', 'glusterfs', 'rabbitmq'],
  ...['rabbitmq-topology'],
] as const;
