/** How members of a channel's organizations are found. */
import { common, peer } from '@hyperledger/fabric-protos';
import { type Change, changeGroup, putValue, valueIn } from '../change.ts';

/** Where clients find an organization's orderers, each as `host:port`. */
export function setOrdererEndpoints(organization: string, addresses: readonly string[]): Change {
  return changeGroup(['Orderer', organization], (group) => {
    const endpoints = new common.OrdererAddresses();
    endpoints.setAddressesList([...addresses]);
    putValue(group, 'Endpoints', endpoints);
  });
}

/** One more peer that those of other organizations find an organization's by. */
export function addAnchorPeer(
  organization: string,
  { host, port }: { host: string; port: number },
): Change {
  return changeGroup(['Application', organization], (group) => {
    const anchors = valueIn(group, 'AnchorPeers', peer.AnchorPeers);
    const known = anchors.getAnchorPeersList();
    if (known.some((one) => one.getHost() === host && one.getPort() === port)) return;
    const anchor = new peer.AnchorPeer();
    anchor.setHost(host);
    anchor.setPort(port);
    anchors.setAnchorPeersList([...known, anchor]);
    putValue(group, 'AnchorPeers', anchors);
  });
}
