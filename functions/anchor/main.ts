/** The package's main module: what the chaincode runtime looks for. */
import { AnchorContract } from './contract.ts';

export const contracts = [AnchorContract];
