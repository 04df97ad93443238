declare module 'fabric-shim/lib/contract-spi/chaincodefromcontract.js' {
  import type { ChaincodeInterface } from 'fabric-shim';

  /** What turns contract classes into a chaincode; fabric-shim's own start command uses it. */
  const ChaincodeFromContract: new (
    contracts: unknown[],
    serializers: unknown,
    metadata: object,
    title: string,
    version: string,
  ) => ChaincodeInterface;
  export default ChaincodeFromContract;
}
